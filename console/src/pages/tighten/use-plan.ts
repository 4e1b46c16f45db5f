// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { $api, api, type Schemas } from "../../api/client";
import { optionsOf, type Panel, panelOf, stepsDone } from "./options";

/** Where in the wizard people are, and how they go on. */
export function useWizard() {
  const [params, setParams] = useSearchParams();
  const set = (changes: Record<string, string | undefined>, replace = false) =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes))
          if (value === undefined || value === "") after.delete(name);
          else after.set(name, value);
        return after;
      },
      { replace },
    );
  return {
    panel: panelOf(params),
    options: optionsOf(params),
    stage: params.get("stage") ?? undefined,
    go: (panel: Panel) => set({ panel }),
    set: (changes: Record<string, string | undefined>) => set(changes, true),
  };
}

/** The plan; the last one stays on the screen while another is made. */
export function usePlan(cluster: string) {
  const { options, stage, panel } = useWizard();
  return $api.useQuery(
    "get",
    "/v1/clusters/{ref}/tighten",
    { params: { path: { ref: cluster }, query: { ...options, stage: panel === "stage" ? stage : undefined } } },
    { placeholderData: keepPreviousData },
  );
}

const PAGES_MAX = 10;

/** Steps that were carried out and not taken back, out of the change log. */
export function useStepsDone(group: string | undefined) {
  return useQuery({
    queryKey: ["get", "/v1/log", { object: group, action: "tighten: " }, "steps"],
    enabled: group !== undefined,
    queryFn: async () => {
      const items: Schemas["LogItem"][] = [];
      let after: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const { data } = await api.GET("/v1/log", {
          params: { query: { object: group!, action: "tighten: ", limit: 100, after } },
        });
        items.push(...(data?.items ?? []));
        after = data?.next ?? undefined;
        if (!after || items.some(({ action }) => action === "tighten: undo")) break;
      }
      return stepsDone(items);
    },
  });
}

const RENEW_MS = 2000;

/** Renews the plan when nodes of the cluster report flows; tells whether anything was reported yet. */
export function useLiveFlows(cluster: string, on: boolean): boolean {
  const queries = useQueryClient();
  const [seen, setSeen] = useState(false);

  useEffect(() => {
    if (!on) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const source = new EventSource(`/v1/flows/follow?${new URLSearchParams({ cluster }).toString()}`);
    source.addEventListener("flow", () => {
      setSeen(true);
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({
          predicate: ({ queryKey }) => queryKey[1] === "/v1/clusters/{ref}/tighten",
        });
      }, RENEW_MS);
    });
    return () => {
      source.close();
      clearTimeout(timer);
    };
  }, [cluster, on, queries]);
  return seen;
}
