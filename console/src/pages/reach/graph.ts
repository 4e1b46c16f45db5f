// SPDX-License-Identifier: Apache-2.0
// The picture: zones on the left, what they reach in the middle, clusters on the right.  Services of a cluster that
// the same zones reach alike are one box, so that there are as few boxes and edges as possible.
import { extentOf, type Extent, type Filter, isInternet, type OwnGroups, type Row, servicesText, type Zone } from "./matrix";

export type Bundle = { id: string; cluster: string; rows: Row[]; text: string; extents: Record<string, Extent> };
export type Edge = { id: string; zone: string; bundle: Bundle; extent: Exclude<Extent, "none"> };
export type Graph = { zones: Zone[]; bundles: Bundle[]; clusters: string[]; edges: Edge[] };

export function graphOf(rows: Row[], zones: Zone[], filter: Filter, own: OwnGroups): Graph {
  const bundles = new Map<string, Bundle>();
  for (const row of rows) {
    const extents = Object.fromEntries(zones.map(({ id }) => [id, extentOf(row, id, filter, own)]));
    const key = `${row.cluster} ${zones.map(({ id }) => extents[id]).join(" ")}`;
    const bundle = bundles.get(key);
    if (bundle) bundle.rows.push(row);
    else bundles.set(key, { id: `service ${bundles.size}`, cluster: row.cluster, rows: [row], text: "", extents });
  }
  const all = [...bundles.values()].sort(byWidth);
  for (const bundle of all) bundle.text = servicesText(bundle.rows);
  return {
    zones,
    bundles: all,
    clusters: [...new Set(all.map(({ cluster }) => cluster))],
    edges: all.flatMap((bundle) =>
      zones.flatMap(({ id }) => {
        const extent = bundle.extents[id];
        return extent === "some" || extent === "all"
          ? [{ id: `${id} ${bundle.id}`, zone: id, bundle, extent }]
          : [];
      }),
    ),
  };
}

/** By cluster; what the internet reaches stands above what only groups do. */
function byWidth(a: Bundle, b: Bundle): number {
  const width = ({ extents }: Bundle) =>
    Object.entries(extents).reduce((sum, [zone, extent]) => sum + (extent === "none" ? 0 : isInternet(zone) ? 100 : 1), 0);
  return a.cluster.localeCompare(b.cluster) || width(b) - width(a);
}

export type Place = { x: number; y: number; width: number; height: number };

const ROW = 22;
const PADDING = 14;
const GAP = 14;
const CLUSTER_GAP = 30;
export const WIDTHS = { zone: 170, bundle: 230, cluster: 170 };
const CHANNEL = 130;
const LETTERS_A_LINE = 30;

/** Height of a box that shows this text, broken into lines. */
export const heightOf = (text: string) => Math.min(4, Math.max(1, Math.ceil(text.length / LETTERS_A_LINE))) * ROW + PADDING;

/** Where everything stands, by the ids of zones and bundles and "cluster NAME". */
export function layOut(graph: Graph): Map<string, Place> {
  const places = new Map<string, Place>();
  const x = { bundle: WIDTHS.zone + CHANNEL, cluster: WIDTHS.zone + WIDTHS.bundle + CHANNEL * 2 - 40 };
  let y = 0;

  for (const cluster of graph.clusters) {
    const top = y;
    for (const bundle of graph.bundles.filter((one) => one.cluster === cluster)) {
      const height = heightOf(bundle.text);
      places.set(bundle.id, { x: x.bundle, y, width: WIDTHS.bundle, height });
      y += height + GAP;
    }
    const height = ROW + PADDING + 8;
    places.set(`cluster ${cluster}`, { x: x.cluster, y: (top + y - GAP - height) / 2, width: WIDTHS.cluster, height });
    y += CLUSTER_GAP;
  }
  placeZones(graph, y - CLUSTER_GAP - GAP, places);
  return places;
}

/** Zones beside what they reach: the internet and management first, groups in the order of their targets. */
function placeZones({ zones, edges }: Graph, height: number, places: Map<string, Place>) {
  const size = ROW + PADDING + 4;
  const wanted = (zone: Zone) => {
    const targets = edges.filter((edge) => edge.zone === zone.id).map(({ bundle }) => places.get(bundle.id)!.y);
    return targets.reduce((sum, at) => sum + at, 0) / Math.max(1, targets.length);
  };
  const fixed = zones.filter(({ id }) => isInternet(id) || id === "management");
  const groups = zones.filter((zone) => !fixed.includes(zone)).sort((a, b) => wanted(a) - wanted(b));
  const all = [...fixed, ...groups];
  const gap = all.length > 1 ? Math.max(GAP, Math.min(60, (height - size * all.length) / (all.length - 1))) : 0;
  const total = all.length * size + (all.length - 1) * gap;
  let y = Math.max(0, (height - total) / 2);

  for (const zone of all) {
    places.set(zone.id, { x: 0, y, width: WIDTHS.zone, height: size });
    y += size + gap;
  }
}
