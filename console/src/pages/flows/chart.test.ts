// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { countsOf, isByDay } from "./chart";
import { readFilters } from "./filters";

const read = (text: string) => readFilters(new URLSearchParams(text));
const zeros = () => Array.from({ length: 288 }, () => 0);

const series: Schemas["FlowSeries"] = {
  begin: "2026-11-26T12:05:00Z",
  since: "2026-11-26T12:05:00Z",
  step: 300,
  accepted: [...zeros().slice(1), 5],
  refused: zeros(),
  "would-drop": zeros(),
};

test("longer than a day, and services, are told by day; what is live never is", () => {
  expect(isByDay(read("tab=history"))).toBe(false);
  expect(isByDay(read("tab=history&period=7d"))).toBe(true);
  expect(isByDay(read("tab=history&port=443"))).toBe(true);
  expect(isByDay(read("period=7d&port=443"))).toBe(false);
});

test("of an hour the last twelve steps are shown", () => {
  const counts = countsOf(series, read("tab=history&period=1h"));
  expect(counts.series[0]!.values).toHaveLength(12);
  expect(counts.begin).toBe(Date.parse("2026-11-27T11:05:00Z"));
  expect(countsOf(series, read("")).begin).toBe(Date.parse(series.begin));
});

test("of a day only what is known is shown, an hour at least", () => {
  const since = (text: string) => countsOf({ ...series, since: text }, read("")).series[0]!.values.length;
  expect(since("2026-11-27T09:02:00Z")).toBe(37);
  expect(since("2026-11-27T12:01:00Z")).toBe(12);
});

test("would-be drops are shown when there are any, and one verdict alone when it is asked for", () => {
  const keys = (text: string, of = series) => countsOf(of, read(text)).series.map(({ key }) => key);
  expect(keys("")).toEqual(["accepted", "refused"]);
  expect(keys("", { ...series, "would-drop": series.accepted })).toEqual(["accepted", "refused", "would-drop"]);
  expect(keys("verdict=refused")).toEqual(["refused"]);
});
