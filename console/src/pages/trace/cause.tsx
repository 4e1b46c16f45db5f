// SPDX-License-Identifier: Apache-2.0
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { groupLink } from "../../components/links";
import type { Trace } from "./use-trace";

type TraceStep = Trace["steps"][number];

/** What decided at a node, as a sentence. */
export function Cause({ step, named }: { step: TraceStep; named?: boolean }) {
  const { t } = useTranslation("trace");
  const decider = step.matches.find(({ outcome }) => outcome === "decided");
  const at = named ? `${t("at", { node: step.node, interface: step.interface })} ` : "";

  if (decider)
    return (
      <span>
        {at}
        {t("cause.rule", { priority: decider.priority })} <RuleText group={decider.group} text={decider.text} />{" "}
        <span className="mono">{decider.rule}</span>
        {", "}
        <Link to={groupLink(decider.group)}>{decider.group_name ?? decider.group}</Link>
      </span>
    );
  const word = step.cause === "default" ? `default-${step.direction}` : step.cause.replace("system:", "");
  return (
    <span>
      {at}
      {t(`cause.${word}`, { defaultValue: step.cause })}
      {step.group && (
        <>
          {" "}
          <Link to={groupLink(step.group)}>{step.group_name ?? step.group}</Link>
        </>
      )}
    </span>
  );
}

/** A rule as people write it. */
export function RuleText({ text }: { group?: string; text: string }) {
  return <code className="mono rule-text">{text}</code>;
}
