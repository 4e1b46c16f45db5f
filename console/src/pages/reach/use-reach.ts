// SPDX-License-Identifier: Apache-2.0
// What the address of the page says, and the data that it is about.
import { useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import { useAddressChange } from "../../components/address";
import type { Filter, OwnGroups } from "./matrix";

/** What was clicked: a cell of the matrix, an edge or a box of the picture. */
export type Selection = { from: string; to: string; services: string[] };

export type View = "matrix" | "picture";

export function useAddress() {
  const [params] = useSearchParams();
  const set = useAddressChange();
  const filter: Filter = {
    cluster: params.get("cluster") ?? undefined,
    zone: params.get("zone") ?? undefined,
    inner: params.get("inner") === "1",
  };
  const from = params.get("from");
  const to = params.get("to");

  return {
    view: (params.get("view") === "picture" ? "picture" : "matrix") as View,
    filter,
    selection: from && to ? ({ from, to, services: params.getAll("service") } as Selection) : null,
    setView: (view: View) => set({ view: view === "matrix" ? undefined : view }),
    setFilter: (changes: Partial<Record<"cluster" | "zone" | "inner", string | undefined>>) => set(changes, true),
    select: (selection: Selection | null) =>
      set({ from: selection?.from, to: selection?.to, service: selection?.services }),
  };
}

export function useMatrix() {
  const matrix = $api.useQuery("get", "/v1/reach/matrix");
  const clusters = useCollection("/v1/clusters");
  const own: OwnGroups = useMemo(
    () => new Map((clusters.data ?? []).map(({ name, security_group }) => [name, security_group])),
    [clusters.data],
  );
  return { matrix, own, clusters: clusters.data };
}
