// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { relative } from "./time";

const now = new Date("2026-11-27T12:00:00Z");

test.each([
  ["2026-11-27T11:59:58Z", "2 seconds ago"],
  ["2026-11-27T11:00:00Z", "1 hour ago"],
  ["2026-11-26T13:00:00Z", "23 hours ago"],
  ["2027-02-24T12:00:00Z", "in 2 months"],
  ["2036-11-25T12:00:00Z", "in 10 years"],
  ["2026-11-27T12:00:00Z", "now"],
])("%s is %s", (then, text) => {
  expect(relative(new Date(then), now, "en")).toBe(text);
});

test("Chinese has its own words", () => {
  expect(relative(new Date("2026-11-27T11:57:00Z"), now, "zh-CN")).toBe("3分钟前");
});

test("in tables it takes the least room", () => {
  expect(relative(new Date("2026-11-27T11:59:27Z"), now, "en", true)).toBe("33s ago");
});
