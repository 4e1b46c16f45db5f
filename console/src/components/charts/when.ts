// SPDX-License-Identifier: Apache-2.0
// How charts write times.

type Options = Intl.DateTimeFormatOptions;

function format(at: number, language: string, options: Options): string {
  return new Intl.DateTimeFormat(language, options).format(at);
}

/** Of an axis: "14:00", or "27 Nov" for days of UTC and at midnight. */
export function axisTime(at: number, language: string, days?: boolean): string {
  if (days) return format(at, language, { month: "short", day: "numeric", timeZone: "UTC" });
  const local = new Date(at);
  return local.getHours() === 0 && local.getMinutes() === 0
    ? format(at, language, { month: "short", day: "numeric" })
    : format(at, language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** Of a step: "27 Nov, 14:00 – 14:30", or "27 Nov 2026". */
export function stepTime(begin: number, step: number, language: string, days?: boolean): string {
  if (days) return format(begin, language, { dateStyle: "medium", timeZone: "UTC" });
  const formatter = new Intl.DateTimeFormat(language, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return formatter.formatRange(begin, begin + step);
}
