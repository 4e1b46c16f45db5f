// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { asksService, readFilters, sinceOf, writeFilters } from "./filters";

const read = (text: string) => readFilters(new URLSearchParams(text));

test("an address without filters shows everything, live", () => {
  expect(read("")).toMatchObject({ tab: "live", period: "24h" });
  expect(asksService(read(""))).toBe(false);
});

test("what an address cannot mean is left out", () => {
  expect(read("tab=x&verdict=maybe&direction=up&port=70000&period=1y")).toEqual(read(""));
  expect(read("port=-1").port).toBeUndefined();
  expect(read("port=").port).toBeUndefined();
  expect(read("port=0").port).toBe(0);
});

test("an address is read as it was written", () => {
  const filters = {
    tab: "history",
    cluster: "cls-1",
    node: "n-1",
    verdict: "would-drop",
    direction: "egress",
    protocol: "udp",
    port: 53,
    period: "7d",
  } as const;
  const written = writeFilters(new URLSearchParams("other=1"), filters);
  expect(readFilters(written)).toEqual(filters);
  expect(written.get("other")).toBe("1");
  expect(asksService(filters)).toBe(true);
});

test("what is as usual is not in the address", () => {
  const written = writeFilters(new URLSearchParams("tab=top&period=7d&port=53"), { tab: "live", period: "24h", port: undefined });
  expect(written.toString()).toBe("");
});

test("a period begins that long ago", () => {
  const now = Date.UTC(2026, 10, 27, 12);
  expect(sinceOf("7d", now)).toBe("2026-11-20T12:00:00Z");
  expect(sinceOf("1h", now)).toBe("2026-11-27T11:00:00Z");
});
