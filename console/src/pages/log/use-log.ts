// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { api, type Schemas } from "../../api/client";

export type Entry = Schemas["LogItem"];
export type Change = NonNullable<Entry["changes"]>[number];

const PAGE = 50;

export const names = ["who", "object", "action"] as const;
export type LogFilters = Partial<Record<(typeof names)[number], string>>;

/** What the address says of which records are shown. */
export function useLogFilters() {
  const [params, setParams] = useSearchParams();
  const filters = useMemo<LogFilters>(
    () => Object.fromEntries(names.flatMap((name) => (params.get(name) ? [[name, params.get(name)!]] : []))),
    [params],
  );
  const set = useCallback(
    (patch: LogFilters) =>
      setParams((old) => {
        const next = new URLSearchParams(old);
        for (const name of Object.keys(patch) as (keyof LogFilters)[])
          if (patch[name]) next.set(name, patch[name]);
          else next.delete(name);
        return next;
      }),
    [setParams],
  );
  return [filters, set] as const;
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
