// SPDX-License-Identifier: Apache-2.0
import { useCollection } from "../../api/collect";

/** No event tells that counters and flow tables have moved: agents report them every 5 seconds. */
export const COUNTERS_MS = 10_000;

/** The nodes of a cluster, or all, with what their kernels hold. */
export function useNodes(cluster?: string) {
  return useCollection(
    "/v1/nodes",
    { query: { ...(cluster ? { cluster } : {}), details: true } },
    { refetchInterval: COUNTERS_MS },
  );
}
