// SPDX-License-Identifier: Apache-2.0
// The matrix as the page shows it: which rows and zones, and how a cell is asked about.
import type { Schemas } from "../../api/client";
import { serviceText } from "../../change/traffic";

export type Matrix = Schemas["ReachMatrix"];
export type Zone = Matrix["zones"][number];
export type Row = Matrix["items"][number];
export type Extent = "none" | "some" | "all";

export type Filter = {
  cluster?: string;
  zone?: string;
  /** Show also what only members of a cluster reach on each other, by inner access. */
  inner: boolean;
};

/** The group of a cluster's own members, by the cluster's name. */
export type OwnGroups = ReadonlyMap<string, string>;

/** How much of a zone reaches a row; what a cluster's members reach on each other only if asked for. */
export function extentOf(row: Row, zone: string, filter: Filter, own: OwnGroups): Extent {
  if (!filter.inner && own.get(row.cluster) === zone) return "none";
  return row.reach[zone] ?? "none";
}

/** Rows, by their cluster, and zones between which anything is to be shown. */
export function shown(matrix: Matrix, filter: Filter, own: OwnGroups): { rows: Row[]; zones: Zone[] } {
  const zones = matrix.zones.filter(({ id }) => !filter.zone || id === filter.zone);
  const rows = matrix.items
    .filter(
      (row) =>
        (!filter.cluster || row.cluster === filter.cluster) &&
        zones.some(({ id }) => extentOf(row, id, filter, own) !== "none"),
    )
    .sort((a, b) => a.cluster.localeCompare(b.cluster, "en", { numeric: true }));
  return {
    rows,
    zones: zones.filter(({ id }) => rows.some((row) => extentOf(row, id, filter, own) !== "none")),
  };
}

/** "tcp 22", "icmp", "protocols 2-5". */
export function serviceOf({ protocol, ports }: Pick<Row, "protocol" | "ports">): string {
  return serviceText(protocol, ports.map((range) => (range === "0/65535" ? "-1/-1" : range)));
}

/** A row's service as a question of reach has it; undefined: all of them. */
export function serviceQuery({ protocol, ports }: Pick<Row, "protocol" | "ports">): string | undefined {
  if (protocol === "all") return undefined;
  if (/^\d+-\d+$/.test(protocol)) return `protocol/${protocol}`;
  const [first, last] = (ports[0] ?? "-1/-1").split("/");
  if (first === "-1" || (first === "0" && last === "65535")) return protocol;
  // Nobody listens on port 0, and questions do not take it.
  const from = first === "0" ? "1" : first;
  return `${protocol}/${from === last || last === "0" ? from : `${from}-${last}`}`;
}

/** A zone as a question of reach has it. */
export function sourceQuery(zone: string, cluster: string): string {
  if (zone === "management") return `management:${cluster}`;
  return zone.startsWith("internet-") ? zone : `group:${zone}`;
}

export const isInternet = (zone: string) => zone.startsWith("internet-");

export const rowKey = (row: Row) => `${row.cluster} ${row.protocol} ${row.ports.join()}`;

/** Services in few words: "tcp 22, 80 · udp 53 · icmp". */
export function servicesText(rows: Pick<Row, "protocol" | "ports">[]): string {
  const ports = new Map<string, string[]>();
  for (const row of rows) {
    const ranges = ports.get(row.protocol) ?? [];
    ports.set(row.protocol, [...ranges, ...row.ports]);
  }
  return [...ports].map(([protocol, ranges]) => serviceOf({ protocol, ports: ranges })).join(" · ");
}
