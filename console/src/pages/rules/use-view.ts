// SPDX-License-Identifier: Apache-2.0
// What the page shows, kept in its address: the tab, the order, the filter, a rule to look at.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { useAddressChange } from "../../components/address";
import { type Filter, formatSort, parseSort, type Sort } from "./select";
import type { Tab } from "./tabs";

export function useView(tabs: Tab[]) {
  const [params] = useSearchParams();
  const change = useAddressChange();
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
    (name: string, value: string | undefined) => change({ [name]: value }, true),
    [change],
  );
  const setSort = useCallback((next: Sort | null) => set("sort", next ? formatSort(next) : undefined), [set]);
  return { tab, marked: params.get("rule") ?? undefined, sort, filter, set, setSort };
}
