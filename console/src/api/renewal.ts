// SPDX-License-Identifier: Apache-2.0
// Asks again what events have made old: many events at once, and what takes the server long one after the other.
import type { QueryClient } from "@tanstack/react-query";

/** How long events are gathered before what they concern is asked again. */
export const GATHER_MS = 200;
export const SLOW_GATHER_MS = 1000;

/** Paths of queries that states of nodes are part of. */
const NODE_PATHS = [
  "/v1/nodes",
  "/v1/nodes/{ref}",
  "/v1/clusters",
  "/v1/clusters/{ref}",
  "/v1/status",
  "/v1/changes/{number}",
];

/** Paths of queries that no event makes old: they are streams' history or asked on purpose. */
const ON_REQUEST = ["/v1/flows"];

/** What the server computes over the whole model, for seconds where that is large. */
const SLOW_PATHS = ["/v1/audit", "/v1/audit/summary", "/v1/reach", "/v1/reach/matrix", "/v1/lint", "/v1/promises/check"];

type Key = readonly unknown[];

/** Whether an event of this kind makes a query with this key old. */
export function makesOld(kind: string, key: Key): boolean {
  const path = key[1];
  if (key[0] !== "get" || typeof path !== "string" || ON_REQUEST.includes(path)) return false;
  return kind === "change" || kind === "lost" || NODE_PATHS.includes(path);
}

const isSlow = (key: Key) => SLOW_PATHS.includes(key[1] as string);

export class Renewal {
  private readonly kinds = new Map<boolean, Set<string>>();
  private readonly timers = new Map<boolean, ReturnType<typeof setTimeout>>();

  constructor(private readonly client: Pick<QueryClient, "invalidateQueries" | "isFetching">) {}

  /** An event of this kind came. */
  take(kind: string) {
    for (const slow of [false, true]) {
      const gathered = this.kinds.get(slow) ?? new Set();
      this.kinds.set(slow, gathered.add(kind));
      if (!this.timers.has(slow)) this.wait(slow);
    }
  }

  stop() {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private wait(slow: boolean) {
    this.timers.set(
      slow,
      setTimeout(() => this.renew(slow), slow ? SLOW_GATHER_MS : GATHER_MS),
    );
  }

  private renew(slow: boolean) {
    // What is being computed is not begun anew: the server would compute both to the end.
    if (slow && this.client.isFetching({ predicate: ({ queryKey }) => isSlow(queryKey) }) > 0) return this.wait(slow);
    const seen = [...(this.kinds.get(slow) ?? [])];
    this.kinds.delete(slow);
    this.timers.delete(slow);
    void this.client.invalidateQueries({
      predicate: ({ queryKey }) => isSlow(queryKey) === slow && seen.some((kind) => makesOld(kind, queryKey)),
    });
  }
}
