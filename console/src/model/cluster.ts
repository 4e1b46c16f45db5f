// SPDX-License-Identifier: Apache-2.0
// A cluster's state, of those of its nodes.
import type { Schemas } from "../api/client";

export type Cluster = Schemas["Cluster"];
export type ClusterState = Schemas["NodeState"] | "empty" | "unmanaged";

export type ClusterHealth = {
  /** The worst that is true of some node. */
  state: ClusterState;
  /** How many nodes that is true of. */
  count: number;
  total: number;
  /** Nodes that do what they shall: enforce the newest policy, or watch where only that is asked. */
  healthy: number;
};

/** Worst first. */
const ORDER = ["degraded", "offline", "detached", "lagging", "monitored", "connected"] as const;

export function healthOf({ nodes, enforcement }: Pick<Cluster, "nodes" | "enforcement">): ClusterHealth {
  const healthy = nodes.connected + (enforcement === "monitor" ? nodes.monitored : 0);
  const state = ORDER.find((one) => nodes[one] > 0);
  if (nodes.total === 0) return { state: "empty", count: 0, total: 0, healthy };
  if (!state) return { state: "unmanaged", count: nodes.total, total: nodes.total, healthy };
  return { state, count: nodes[state], total: nodes.total, healthy };
}

/** Whether the cluster's name, id, group or network has the words that are looked for. */
export function matches(cluster: Cluster, networkName: string, words: string): boolean {
  const text = `${cluster.name} ${cluster.id} ${cluster.security_group} ${networkName} ${cluster.type}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
