// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bars } from "./sparkline";

test("the highest value takes all of the height, a small one is still seen", () => {
  const shapes = bars([0, 1, 10_000], 30, 18);
  expect(shapes).toHaveLength(2);
  expect(shapes[0]).toMatchObject({ x: 10, height: 1, y: 17 });
  expect(shapes[1]).toMatchObject({ x: 20, height: 18, y: 0 });
});

test("nothing is drawn of nothing", () => {
  expect(bars([], 30, 18)).toEqual([]);
  expect(bars([0, 0], 30, 18)).toEqual([]);
});
