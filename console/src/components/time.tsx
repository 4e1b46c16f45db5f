// SPDX-License-Identifier: Apache-2.0
import { Tooltip } from "antd";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Making a format costs more than using it a hundred times. */
function kept<T>(make: (language: string, short: boolean) => T): (language: string, short?: boolean) => T {
  const formats = new Map<string, T>();
  return (language, short = false) => {
    const key = `${language} ${short}`;
    const format = formats.get(key) ?? make(language, short);
    formats.set(key, format);
    return format;
  };
}

const relativeFormat = kept(
  (language, short) => new Intl.RelativeTimeFormat(language, { numeric: "auto", style: short ? "narrow" : "long" }),
);
const exactFormat = kept((language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }));

/** "3 minutes ago", in the language asked for; short: "3min ago". */
export function relative(then: Date, now: Date, language: string, short = false): string {
  const seconds = Math.round((then.getTime() - now.getTime()) / 1000);
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relativeFormat(language, short).format(Math.trunc(seconds / size), unit);
}

const RENEW_MS = 30_000;

/** One clock for all times on the screen: a table may show hundreds. */
const clock = { ticks: 0, listeners: new Set<() => void>(), timer: undefined as number | undefined };

function subscribe(listener: () => void): () => void {
  clock.listeners.add(listener);
  clock.timer ??= window.setInterval(() => {
    clock.ticks++;
    for (const each of clock.listeners) each();
  }, RENEW_MS);
  return () => {
    clock.listeners.delete(listener);
    if (clock.listeners.size > 0) return;
    clearInterval(clock.timer);
    clock.timer = undefined;
  };
}

/** A time of the API: how long ago, and on a closer look exactly when. Short ones are for tables: they are plain. */
export function Time({ at, short }: { at: string | null | undefined; short?: boolean }) {
  const { t, i18n } = useTranslation();
  useSyncExternalStore(subscribe, () => clock.ticks);

  if (!at) return <span>{t("never")}</span>;
  const then = new Date(at);
  const exact = exactFormat(i18n.language).format(then);
  const shown = (
    <time dateTime={at} title={short ? exact : undefined}>
      {relative(then, new Date(), i18n.language, short)}
    </time>
  );
  return short ? shown : <Tooltip title={exact}>{shown}</Tooltip>;
}
