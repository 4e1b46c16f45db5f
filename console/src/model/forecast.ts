// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../api/client";

export type NodeForecast = Schemas["NodeForecast"];

/** What enforcing would end on a node: live connections, and listeners that nobody would reach. */
export function cutOf({ connections, connections_cut, listeners }: NodeForecast) {
  // Connections are told one by one up to a limit; the agent counts all.
  return {
    connections: Math.max(connections.length, Number(connections_cut)),
    listeners: listeners.filter(({ opened }) => !opened).length,
  };
}

/** "cause: packets", most first. */
export function causesOf(causes: Record<string, string>): [cause: string, packets: number][] {
  return Object.entries(causes)
    .map(([cause, packets]): [string, number] => [cause, Number(packets)])
    .filter(([, packets]) => packets > 0)
    .sort(([, a], [, b]) => b - a);
}
