// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { niceMax, regroup, timeTicks, total, valueTicks } from "./scale";

test.each([
  [0, 1],
  [1, 1],
  [3, 5],
  [5, 5],
  [11, 20],
  [999, 1000],
  [1001, 2000],
])("an axis for %d ends at %d", (value, end) => {
  expect(niceMax(value)).toBe(end);
});

test.each([1, 2, 5, 10, 20, 50, 100])("lines of an axis up to %d stand at whole numbers", (max) => {
  const ticks = valueTicks(max);
  expect(ticks[0]).toBe(0);
  expect(ticks[ticks.length - 1]).toBe(max);
  expect(ticks.every(Number.isInteger)).toBe(true);
});

test("putting steps together loses nothing and keeps the newest apart", () => {
  expect(regroup([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 9, 18]);
  expect(regroup([1, 2], 1)).toEqual([1, 2]);
  expect(regroup([], 3)).toEqual([]);
  expect(total(regroup(Array.from({ length: 288 }, (_, i) => i), 6))).toBe((287 * 288) / 2);
});

test("times of labels are round, within, and not too many", () => {
  const begin = Date.UTC(2026, 10, 26, 18, 35);
  const end = begin + 24 * 3600_000;
  const ticks = timeTicks(begin, end, 8);
  expect(ticks[0]).toBe(Date.UTC(2026, 10, 26, 21));
  expect(ticks.length).toBeLessThanOrEqual(9);
  expect(ticks.every((at) => at >= begin && at < end)).toBe(true);
  // Half an hour east of a whole hour, labels are round there.
  expect(timeTicks(begin, end, 8, 1800_000).every((at) => (at + 1800_000) % (3 * 3600_000) === 0)).toBe(true);
});
