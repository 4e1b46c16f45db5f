// SPDX-License-Identifier: Apache-2.0
// What a node's agent reports, as people ask for it.
import type { Schemas } from "../api/client";

export type Node = Schemas["Node"];
export type Kernel = Schemas["Kernel"];
export type FlowClass = keyof Kernel["flows"];

/** As a flow grows up; the order of the bars. */
export const FLOW_CLASSES: FlowClass[] = [
  "established",
  "assured",
  "one-way",
  "closing",
  "exchange",
  "picked-up",
  "half-open",
  "tombstone",
];

export type Occupancy = { used: number; capacity: number; percent: number; classes: [FlowClass, number][] };

/** How full the flow table is. Its capacity is that of each of two families. */
export function occupancyOf(kernel: Kernel): Occupancy {
  const classes = FLOW_CLASSES.map((name): [FlowClass, number] => [name, kernel.flows[name]]);
  const used = classes.reduce((sum, [, count]) => sum + count, 0);
  const capacity = kernel.flow_capacity * 2;
  return { used, capacity, percent: capacity ? (100 * used) / capacity : 0, classes };
}

/** "6.5 s", "2 min"; "" for none. */
export function lagText(ms: number | undefined, language: string): string {
  if (!ms) return "";
  const [value, unit] =
    ms < 100_000 ? [ms / 1000, "second"] : ms < 7_200_000 ? [ms / 60_000, "minute"] : [ms / 3_600_000, "hour"];
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: unit as string,
    unitDisplay: "short",
    maximumFractionDigits: unit === "second" ? 1 : 0,
  }).format(value as number);
}

/** Interfaces with whether they are enforced: by the hooks that the agent reports; unknown without a report. */
export function enforcedInterfaces(node: Node): { name: string; hooks: Kernel["hooks"] }[] {
  const hooks = node.kernel?.hooks ?? [];
  const names = [...new Set([...node.interfaces.map(({ name }) => name), ...hooks.map((hook) => hook.interface)])];
  return names.map((name) => ({ name, hooks: hooks.filter((hook) => hook.interface === name) }));
}

/** Whether everything of a node's interfaces is as it should be. */
export const isWhole = (hooks: Kernel["hooks"]) => hooks.length > 0 && hooks.every(({ state }) => state === "enforced");

export function nodeMatches(node: Node, clusterName: string, words: string): boolean {
  const addresses = node.interfaces.flatMap(({ addresses = [], elastic_ips = [] }) => [...addresses, ...elastic_ips]);
  const text = [node.name, node.id, clusterName, node.state ?? "", ...addresses].join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
