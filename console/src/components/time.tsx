// SPDX-License-Identifier: Apache-2.0
import { Tooltip } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** "3 minutes ago", in the language asked for; short: "3 min. ago". */
export function relative(then: Date, now: Date, language: string, short = false): string {
  const seconds = Math.round((then.getTime() - now.getTime()) / 1000);
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: short ? "short" : "long" });
  return format.format(Math.trunc(seconds / size), unit);
}

const RENEW_MS = 30_000;

/** A time of the API: how long ago, and on a closer look exactly when. */
export function Time({ at, short }: { at: string | null | undefined; short?: boolean }) {
  const { t, i18n } = useTranslation();
  const [, setRenewed] = useState(0);

  useEffect(() => {
    const timer = setInterval(() => setRenewed((count) => count + 1), RENEW_MS);
    return () => clearInterval(timer);
  }, []);

  if (!at) return <span>{t("never")}</span>;
  const then = new Date(at);
  const exact = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "medium" }).format(then);
  return (
    <Tooltip title={exact}>
      <time dateTime={at}>{relative(then, new Date(), i18n.language, short)}</time>
    </Tooltip>
  );
}
