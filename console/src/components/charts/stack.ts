// SPDX-License-Identifier: Apache-2.0
// From counts by time to the shapes of a chart of stacked columns.
import { niceMax, regroup } from "./scale";

export type Series = { key: string; values: readonly number[] };

export type Counts = {
  /** Of the first step, Unix ms. */
  begin: number;
  /** Length of a step in ms. */
  step: number;
  series: Series[];
};

/** Puts steps together until there are at most 'most' columns. */
export function coarsen({ begin, step, series }: Counts, most: number): Counts {
  const count = series[0]?.values.length ?? 0;
  const size = Math.max(1, Math.ceil(count / Math.max(1, most)));
  // The newest step ends a column, so the first column may hang over the begin.
  const first = (Math.ceil(count / size) * size - count) * step;
  return {
    begin: begin - first,
    step: step * size,
    series: series.map(({ key, values }) => ({ key, values: regroup(values, size) })),
  };
}

export type Piece = { key: string; y: number; height: number };
export type Column = { at: number; x: number; width: number; pieces: Piece[] };

/** Columns in a plot of this size; what is not 0 is at least a pixel high. */
export function columns(counts: Counts, width: number, height: number): { columns: Column[]; max: number } {
  const places = counts.series[0]?.values.length ?? 0;
  const sums = Array.from({ length: places }, (_, i) =>
    counts.series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  );
  const max = niceMax(Math.max(0, ...sums));
  const step = width / Math.max(1, places);
  const gap = step > 4 ? 1 : 0;

  return {
    max,
    columns: sums.map((_, i) => {
      let y = height;
      const pieces = counts.series.flatMap(({ key, values }) => {
        const value = values[i] ?? 0;
        if (value <= 0) return [];
        const high = Math.max(1, (value / max) * height);
        y -= high;
        return [{ key, y: Math.max(0, y), height: high }];
      });
      return { at: counts.begin + i * counts.step, x: i * step, width: Math.max(step - gap, 0.75), pieces };
    }),
  };
}
