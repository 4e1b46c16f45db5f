// SPDX-License-Identifier: Apache-2.0
// Who talks most: records summed up by one of their parts.
import type { Flow } from "./buffer";
import { type Verdict, verdicts } from "./filters";
import { serviceOf } from "./packet";

export type Talker = { name: string; counts: Record<Verdict, number>; sum: number; flow: Flow };

/** What records are summed up by; a record without it is left out. */
export const parts = {
  remote: (flow: Flow) => flow.remote ?? null,
  service: (flow: Flow) => serviceOf(flow),
  node: (flow: Flow) => flow.name,
  cause: (flow: Flow) => flow.cause ?? null,
};
export type Part = keyof typeof parts;

/** The highest sums first, at most 'most' of them. 'flow' is one of those that were summed up. */
export function talkers(flows: readonly Flow[], part: Part, most: number): Talker[] {
  const sums = new Map<string, Talker>();
  for (const flow of flows) {
    const name = parts[part](flow);
    if (name === null) continue;
    let talker = sums.get(name);
    if (!talker) {
      talker = { name, counts: { accepted: 0, refused: 0, "would-drop": 0 }, sum: 0, flow };
      sums.set(name, talker);
    }
    talker.counts[flow.verdict] += Number(flow.count);
    talker.sum += Number(flow.count);
    if (!talker.flow.group && flow.group) talker.flow = flow;
  }
  return [...sums.values()].sort((a, b) => b.sum - a.sum || a.name.localeCompare(b.name)).slice(0, most);
}

/** Shares of a bar, in the order in which verdicts stand. */
export function shares({ counts }: Talker, highest: number): { verdict: Verdict; percent: number }[] {
  return verdicts
    .map((verdict) => ({ verdict, percent: (100 * counts[verdict]) / Math.max(1, highest) }))
    .filter(({ percent }) => percent > 0);
}
