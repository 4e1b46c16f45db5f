// SPDX-License-Identifier: Apache-2.0
// What the page shows, kept in its address: the tab, the order, the filter, a rule to look at.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { type Filter, formatSort, parseSort, type Sort } from "./select";
import type { Tab } from "./tabs";

export function useView(tabs: Tab[]) {
  const [params, setParams] = useSearchParams();
  const tab = tabs.find(({ key }) => key === params.get("tab"));
  const sort = useMemo(() => parseSort(params.get("sort")), [params]);
  const filter = useMemo<Filter>(
    () => ({
      text: params.get("q") ?? "",
      policy: params.get("policy") ?? undefined,
      object: params.get("object") ?? undefined,
      withFindings: params.has("findings"),
    }),
    [params],
  );
  const set = useCallback(
    (name: string, value: string | undefined) =>
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          if (value === undefined || value === "") next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  const setSort = useCallback((next: Sort | null) => set("sort", next ? formatSort(next) : undefined), [set]);
  return { tab, marked: params.get("rule") ?? undefined, sort, filter, set, setSort };
}
