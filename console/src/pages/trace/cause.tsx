// SPDX-License-Identifier: Apache-2.0
import { useTranslation } from "react-i18next";
import { GroupLink } from "../../components/group-link";
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
        {t("cause.rule", { rule: decider.rule, priority: decider.priority })}{" "}
        <GroupLink group={decider.group} name={decider.group_name} />
        {": "}
        <RuleText text={decider.text} />
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
          <GroupLink group={step.group} name={step.group_name} />
        </>
      )}
    </span>
  );
}

/** A rule as people write it. */
export function RuleText({ text }: { text: string }) {
  return <code className="mono rule-text">{text}</code>;
}
