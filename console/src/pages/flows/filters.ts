// SPDX-License-Identifier: Apache-2.0
// What the address says of the page: which flows, and how they are shown.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import { withChanges } from "../../components/address";

export const tabs = ["live", "history", "top"] as const;
export const periods = ["1h", "24h", "7d", "30d"] as const;
export const verdicts = ["accepted", "refused", "would-drop"] as const;
export const directions = ["ingress", "egress"] as const;

export type Tab = (typeof tabs)[number];
export type Period = (typeof periods)[number];
export type Verdict = (typeof verdicts)[number];
export type Direction = (typeof directions)[number];

export type Filters = {
  tab: Tab;
  cluster?: string;
  node?: string;
  verdict?: Verdict;
  direction?: Direction;
  protocol?: string;
  port?: number;
  period: Period;
};

const oneOf = <T extends string>(words: readonly T[], text: string | null) => words.find((word) => word === text);

/** Reads an address; what it cannot mean is left out. */
export function readFilters(params: URLSearchParams): Filters {
  const port = params.get("port");
  return {
    tab: oneOf(tabs, params.get("tab")) ?? "live",
    cluster: params.get("cluster") ?? undefined,
    node: params.get("node") ?? undefined,
    verdict: oneOf(verdicts, params.get("verdict")),
    direction: oneOf(directions, params.get("direction")),
    protocol: params.get("protocol") ?? undefined,
    port: port && /^\d{1,5}$/.test(port) && Number(port) <= 65535 ? Number(port) : undefined,
    period: oneOf(periods, params.get("period")) ?? "24h",
  };
}

/** The address with something changed; what is as usual is not written. */
export function writeFilters(params: URLSearchParams, patch: Partial<Filters>): URLSearchParams {
  const usual: Partial<Filters> = { tab: "live", period: "24h" };
  return withChanges(
    params,
    Object.fromEntries(
      Object.entries(patch).map(([name, value]) => [
        name,
        value === undefined || value === usual[name as keyof Filters] ? undefined : String(value),
      ]),
    ),
  );
}

export function useFilters() {
  const [params, setParams] = useSearchParams();
  const filters = useMemo(() => readFilters(params), [params]);
  const set = useCallback(
    (patch: Partial<Filters>) => setParams((old) => writeFilters(old, patch), { replace: true }),
    [setParams],
  );
  return [filters, set] as const;
}

const HOUR_MS = 3600_000;
const lengths: Record<Period, number> = { "1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS };

/** Begin of a period that ends now, as the API takes it. */
export const sinceOf = (period: Period, now: number) => new Date(now - lengths[period]).toISOString().replace(/\.\d+/, "");

/** Which flows, without what only the history knows. */
export const followed = ({ cluster, node, verdict }: Filters) => ({ cluster, node, verdict });

/** Whether anything is asked that following cannot answer. */
export const asksService = ({ direction, protocol, port }: Filters) =>
  direction !== undefined || protocol !== undefined || port !== undefined;
