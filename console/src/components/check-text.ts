// SPDX-License-Identifier: Apache-2.0
// What a check of the audit says, in the language of the person; the server says it in English.
import { useTranslation } from "react-i18next";

type Said = { check: string; title: string; reason: string; mend: string };

/** Title, reason and mend of a finding.  Checks of services ("open-redis") share what is not their own. */
export function useCheckText(): (finding: Said) => Omit<Said, "check"> {
  const { t } = useTranslation("checks");
  return ({ check, title, reason, mend }) => {
    const shared = check.startsWith("open-");
    const say = (what: "title" | "reason" | "mend", said: string) =>
      t(shared && what !== "title" ? [`${check}.${what}`, `service.${what}`] : `${check}.${what}`, { defaultValue: said });
    return { title: say("title", title), reason: say("reason", reason), mend: say("mend", mend) };
  };
}

/** Name of a check where there is no finding to say it. */
export function useCheckTitle(): (check: string) => string {
  const { t } = useTranslation("checks");
  return (check) => t(`${check}.title`, { defaultValue: check });
}
