// SPDX-License-Identifier: Apache-2.0
import { Alert, Flex, Typography } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Cause } from "./cause";
import { formatEnd } from "./ends";
import type { Question } from "./question";
import { Step } from "./step";
import type { Trace } from "./use-trace";

type TraceStep = Trace["steps"][number];

/** The packet of a step: from whom, to whom, of which protocol. */
export function packetText({ direction, packet }: TraceStep): { from: string; to: string; protocol: string } {
  const remote = formatEnd({ who: packet.remote, port: packet.remote_port });
  const local = formatEnd({ who: packet.local, port: packet.local_port });
  return direction === "ingress"
    ? { from: remote, to: local, protocol: packet.protocol }
    : { from: local, to: remote, protocol: packet.protocol };
}

/** What happens to the packet on the wire: monitored nodes drop nothing. */
export function outcomeOf({ verdict, steps }: Trace): "accept" | "drop" | "would-drop" {
  if (verdict === "accept") return "accept";
  return steps.some((step) => step.verdict === "drop" && !step.monitored) ? "drop" : "would-drop";
}

const kinds = { accept: "success", drop: "error", "would-drop": "warning" } as const;

function sentence(trace: Trace, t: TFunction<"trace">): string {
  const packet = packetText(trace.steps[0]!);
  return t(`outcome.${outcomeOf(trace)}`, packet);
}

export function Answer({ question, trace }: { question: Question; trace: Trace }) {
  const { t } = useTranslation("trace");
  const outcome = outcomeOf(trace);
  const dropper = trace.steps.find((step) => step.verdict === "drop");

  return (
    <Flex vertical gap="middle">
      <Alert
        type={kinds[outcome]}
        showIcon
        title={
          <Typography.Text strong style={{ fontSize: 16 }}>
            {sentence(trace, t)}
          </Typography.Text>
        }
        description={
          <Flex vertical gap={4}>
            {dropper && <Cause step={dropper} named />}
            {outcome === "would-drop" && <span>{t("monitored-meaning")}</span>}
            {question.kind === "drop" && trace.reported_cause && (
              <span>
                {trace.same_cause
                  ? t("same-cause")
                  : t("other-cause", { cause: trace.reported_cause })}
              </span>
            )}
          </Flex>
        }
      />
      {trace.steps.map((step, index) => (
        <Step key={`${step.node} ${step.direction}`} step={step} number={index + 1} of={trace.steps.length} />
      ))}
      <Typography.Text type="secondary">{t("only-openers")}</Typography.Text>
    </Flex>
  );
}
