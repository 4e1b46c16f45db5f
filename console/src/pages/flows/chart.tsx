// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { OverTime } from "../../components/charts/over-time";
import { total } from "../../components/charts/scale";
import type { Counts } from "../../components/charts/stack";
import { ProblemAlert } from "../../components/problem";
import { asksService, type Filters, sinceOf, verdicts } from "./filters";
import { useLooks } from "./looks";

const STEPS_OF_AN_HOUR = 12;

/** How many of the newest steps are shown: what is known, an hour at least; of an hour only that. */
function shown(series: Schemas["FlowSeries"], { tab, period }: Filters): number {
  const all = series.accepted.length;
  if (series.step !== 300) return all;
  if (tab !== "live" && period === "1h") return STEPS_OF_AN_HOUR;
  const unknown = Math.floor((Date.parse(series.since) - Date.parse(series.begin)) / (series.step * 1000));
  return Math.max(all - unknown, STEPS_OF_AN_HOUR);
}

/** By day when it is longer than a day, or about a service, which steps of five minutes do not know. */
export const isByDay = (filters: Filters) =>
  filters.tab !== "live" && (asksService(filters) || filters.period === "7d" || filters.period === "30d");

/** What the API told, for the chart: only the verdict that is asked for. */
export function countsOf(series: Schemas["FlowSeries"], filters: Filters): Counts {
  const { verdict } = filters;
  const left = series.accepted.length - shown(series, filters);
  return {
    begin: Date.parse(series.begin) + left * series.step * 1000,
    step: series.step * 1000,
    series: verdicts
      .filter((key) => !verdict || key === verdict)
      .map((key) => ({ key, values: series[key].slice(left) }))
      .filter(({ key, values }) => key !== "would-drop" || total(values) > 0),
  };
}

/** How many flows there were over time. */
export function FlowChart({ filters }: { filters: Filters }) {
  const { t } = useTranslation("flows");
  const all = useLooks();
  const days = isByDay(filters);
  const { cluster, node, direction, protocol, port, period } = filters;
  // The begin of a day of UTC: the same address asks the same all day long.
  const since = useMemo(() => sinceOf(period, Date.now()).replace(/T.*/, "T00:00:00Z"), [period]);
  const query = days
    ? { step: "day" as const, cluster, node, direction, protocol, port, since }
    : { cluster, node };
  const series = $api.useQuery("get", "/v1/flows/series", { params: { query } }, { placeholderData: keepPreviousData });

  if (series.error) return <ProblemAlert error={series.error} onRetry={() => void series.refetch()} />;
  if (!series.data) return <div style={{ minHeight: 292 }} />;
  const counts = countsOf(series.data, filters);
  return (
    <OverTime
      title={t(days ? "chart-days" : filters.tab !== "live" && period === "1h" ? "chart-hour" : "chart-day")}
      counts={counts}
      since={Date.parse(series.data.since)}
      days={days}
      looks={all.filter((look) => counts.series.some(({ key }) => key === look.key))}
    />
  );
}
