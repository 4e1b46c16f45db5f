// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { coarsen, columns, type Counts } from "./stack";

const counts: Counts = {
  begin: 0,
  step: 60_000,
  series: [
    { key: "accepted", values: [1, 2, 3, 4, 5] },
    { key: "refused", values: [0, 0, 1, 0, 5] },
  ],
};

test("fewer columns have the same sums, and the newest step ends the last one", () => {
  const coarse = coarsen(counts, 3);
  expect(coarse.step).toBe(120_000);
  expect(coarse.series[0]!.values).toEqual([1, 5, 9]);
  expect(coarse.series[1]!.values).toEqual([0, 1, 5]);
  expect(coarse.begin + 3 * coarse.step).toBe(counts.begin + 5 * counts.step);
  expect(coarsen(counts, 5)).toEqual(counts);
});

test("pieces of a column stand on each other and fit", () => {
  const { columns: shapes, max } = columns(counts, 100, 50);
  expect(max).toBe(10);
  expect(shapes).toHaveLength(5);
  const [lower, upper] = shapes[4]!.pieces;
  expect(lower).toEqual({ key: "accepted", y: 25, height: 25 });
  expect(upper).toEqual({ key: "refused", y: 0, height: 25 });
  expect(shapes[0]!.pieces).toHaveLength(1);
});

test("one among a million is a pixel high", () => {
  const { columns: shapes } = columns(
    { ...counts, series: [{ key: "accepted", values: [1_000_000, 1] }] },
    100,
    50,
  );
  expect(shapes[1]!.pieces[0]!.height).toBe(1);
});

test("nothing gives an axis and empty columns", () => {
  const { columns: shapes, max } = columns({ ...counts, series: [{ key: "accepted", values: [0, 0] }] }, 100, 50);
  expect(max).toBe(1);
  expect(shapes.flatMap(({ pieces }) => pieces)).toEqual([]);
});
