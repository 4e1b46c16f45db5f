// SPDX-License-Identifier: Apache-2.0
import { useTranslation } from "react-i18next";

const SHOWN = 5;

/** The rules that the form makes, in words. */
export function Outcome({ texts }: { texts: string[] }) {
  const { t } = useTranslation("rules");
  if (texts.length === 0) return null;
  return (
    <section aria-label={t("form.outcome")}>
      <strong>{t("form.outcome")}</strong>
      <ul className="mono outcome">
        {texts.slice(0, SHOWN).map((text) => (
          <li key={text}>{text}</li>
        ))}
        {texts.length > SHOWN && <li>{t("form.more", { count: texts.length - SHOWN })}</li>}
      </ul>
    </section>
  );
}
