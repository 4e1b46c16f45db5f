// SPDX-License-Identifier: Apache-2.0
import { useTranslation } from "react-i18next";
import type { Fill, Look } from "../../components/charts/fills";
import { type Verdict, verdicts } from "./filters";

const fills: Record<Verdict, { fill: Fill; color: string }> = {
  accepted: { fill: "solid", color: "var(--ant-color-success)" },
  refused: { fill: "hatched", color: "var(--ant-color-error)" },
  "would-drop": { fill: "dotted", color: "var(--ant-color-warning)" },
};

/** How charts draw verdicts. */
export function useLooks(): Look[] {
  const { t } = useTranslation();
  return verdicts.map((key) => ({ key, name: t(`verdict.${key}`), ...fills[key] }));
}
