// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { api, type Schemas } from "../../api/client";
import { useAddressChange } from "../../components/address";

export type Entry = Schemas["LogItem"];
export type Change = NonNullable<Entry["changes"]>[number];

const PAGE = 50;

export const names = ["who", "object", "action"] as const;
export type LogFilters = Partial<Record<(typeof names)[number], string>>;

/** What the address says of which records are shown. */
export function useLogFilters() {
  const [params] = useSearchParams();
  const set = useAddressChange();
  const filters = useMemo<LogFilters>(
    () => Object.fromEntries(names.flatMap((name) => (params.get(name) ? [[name, params.get(name)!]] : []))),
    [params],
  );
  return [filters, set as (patch: LogFilters) => void] as const;
}

/** The log, newest first. With filters a page may be short while older ones follow. */
export function useLog(filters: LogFilters) {
  return useInfiniteQuery({
    queryKey: ["get", "/v1/log", filters, "pages"],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam }) => {
      const { data } = await api.GET("/v1/log", { params: { query: { ...filters, limit: PAGE, after: pageParam } } });
      return data!;
    },
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
}
