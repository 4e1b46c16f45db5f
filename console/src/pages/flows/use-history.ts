// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { type Filters, sinceOf } from "./filters";

const PAGE = 100;
/** Most that one request gives: what the lists of talkers are made of. */
export const TOP_ROWS = 1000;

type Place = { after?: string; since: string };

function query(filters: Filters, since: string) {
  const { cluster, node, verdict, direction, protocol, port } = filters;
  return { cluster, node, verdict, direction, protocol, port, since };
}

/** Records of the period, highest counts first, page by page. All pages are of one begin. */
export function useHistory(filters: Filters) {
  return useInfiniteQuery({
    queryKey: ["get", "/v1/flows", filters, "pages"],
    initialPageParam: null as Place | null,
    queryFn: async ({ pageParam }) => {
      const since = pageParam?.since ?? sinceOf(filters.period, Date.now());
      const { data } = await api.GET("/v1/flows", {
        params: { query: { ...query(filters, since), limit: PAGE, after: pageParam?.after } },
      });
      return { ...data!, since };
    },
    getNextPageParam: ({ next, since }) => (next ? { after: next, since } : null),
    placeholderData: keepPreviousData,
  });
}

/** The records with the highest counts, to be summed up. */
export function useTop(filters: Filters) {
  return useQuery({
    queryKey: ["get", "/v1/flows", filters, "top"],
    queryFn: async () => {
      const { data } = await api.GET("/v1/flows", {
        params: { query: { ...query(filters, sinceOf(filters.period, Date.now())), limit: TOP_ROWS } },
      });
      return data!;
    },
    placeholderData: keepPreviousData,
  });
}
