// SPDX-License-Identifier: Apache-2.0
// Arithmetic of the charts: axes, and steps put together.

/** The smallest of 1, 2, 5 times a power of ten that holds the value; at least 1. */
export function niceMax(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

/** Where the value axis has lines: 0, some in between if they are whole, and the end. */
export function valueTicks(max: number): number[] {
  const parts = [4, 5, 2, 1].find((count) => Number.isInteger(max / count)) ?? 1;
  return Array.from({ length: parts + 1 }, (_, i) => (max / parts) * i);
}

/** Sums of as many neighbours as 'size' says; the last place stays the last, so the first sum may be of fewer. */
export function regroup(values: readonly number[], size: number): number[] {
  const sums: number[] = [];
  for (let end = values.length; end > 0; end -= size)
    sums.unshift(values.slice(Math.max(0, end - size), end).reduce((sum, value) => sum + value, 0));
  return sums;
}

export const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Distances of labels on a time axis, in seconds. */
const DISTANCES = [15 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];

/**
 * Times (Unix ms) for labels between begin and end, at round local times, at most so many.
 * 'offset' is that of local time, in ms; in days it is left out, since days are those of UTC.
 */
export function timeTicks(begin: number, end: number, most: number, offset = 0): number[] {
  const distance =
    (DISTANCES.find((seconds) => (end - begin) / (seconds * 1000) <= most) ?? DISTANCES[DISTANCES.length - 1]!) * 1000;
  const ticks: number[] = [];
  for (let at = Math.ceil((begin + offset) / distance) * distance - offset; at < end; at += distance) ticks.push(at);
  return ticks;
}
