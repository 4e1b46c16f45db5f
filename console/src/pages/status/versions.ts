// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../../api/client";

export type NodeStatus = Schemas["Status"]["items"][number];

/** How many agents have each version, the most frequent first; of those that have reported. */
export function versions(nodes: readonly NodeStatus[]): { version: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { agent_version: version } of nodes) if (version) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts]
    .map(([version, count]) => ({ version, count }))
    .sort((a, b) => b.count - a.count || a.version.localeCompare(b.version));
}

const DAY_MS = 24 * 3600_000;
/** As the controller's metrics have it: within so many days a certificate is expiring. */
export const EXPIRING_DAYS = 21;

export type Expiry = "good" | "expiring" | "expired";

export function expiryOf(at: string, now: number): Expiry {
  const left = Date.parse(at) - now;
  return left <= 0 ? "expired" : left < EXPIRING_DAYS * DAY_MS ? "expiring" : "good";
}
