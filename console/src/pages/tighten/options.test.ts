// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { hoursAgo, optionsOf, panelOf, stepsDone } from "./options";
import { barLength, magnitudeText, stagesOf } from "./scale";

test("the address says what the plan is made with", () => {
  expect(optionsOf(new URLSearchParams("need=tcp/443&without_flows=1&without_listeners=0"))).toEqual({
    need: "tcp/443",
    without_flows: true,
  });
  expect(panelOf(new URLSearchParams("panel=stage"))).toBe("stage");
  expect(panelOf(new URLSearchParams("panel=nowhere"))).toBe("evidence");
});

test("times are to the second", () => {
  expect(hoursAgo(24, new Date("2026-11-27T19:31:44.5Z"))).toBe("2026-11-26T19:31:44Z");
});

test("steps since the last undo are done, the first one first", () => {
  const log = ["tighten: close", "rules.add", "tighten: ports", "tighten: undo", "tighten: icmp"].map((action) => ({
    action,
    time: "t",
  }));
  expect(stepsDone(log).map(({ step }) => step)).toEqual(["ports", "close"]);
  expect(stepsDone([])).toEqual([]);
});

test.each([
  [0, "0"],
  [1536, "1,536"],
  [564040875114496, "5.6 × 10¹⁴"],
  [4.468792e43, "4.5 × 10⁴³"],
])("%d reads %s", (value, text) => expect(magnitudeText(value, "en")).toBe(text));

test("bars shrink with each order of magnitude and vanish with nothing", () => {
  expect(barLength(1e14, 1e14)).toBe(1);
  expect(barLength(1e7, 1e14)).toBeCloseTo(0.5, 2);
  expect(barLength(0, 1e14)).toBe(0);
  expect(barLength(0, 0)).toBe(0);
});

test("stages are those at which something closes", () => {
  const exposure = (ipv4: number) => ({ ipv4, ipv6: 0, to_internet: [] });
  const step = (name: "icmp" | "close", ipv4: number) => ({
    step: name,
    digest: "",
    title: "",
    add: [],
    revoke: [],
    differences: [],
    exposure: exposure(ipv4),
    refused: 0,
    refusals: [],
  });
  const stages = stagesOf({ exposure: exposure(9), steps: [step("icmp", 9), step("close", 3)] });
  expect(stages.map(({ name }) => name)).toEqual(["now", "close"]);
});
