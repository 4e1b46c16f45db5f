// SPDX-License-Identifier: Apache-2.0
// Verdicts, states and severities: each has a shape and a word besides its colour.
import {
  CheckCircleFilled,
  ClockCircleFilled,
  CloseCircleFilled,
  DisconnectOutlined,
  EyeFilled,
  InfoCircleFilled,
  MinusCircleFilled,
  StopFilled,
  WarningFilled,
} from "@ant-design/icons";
import { Tag, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../api/client";

type Mark = { color: string; icon: ReactNode };

const verdicts: Record<string, Mark> = {
  accept: { color: "success", icon: <CheckCircleFilled /> },
  drop: { color: "error", icon: <StopFilled /> },
};

/** "accept" or "drop", as semantics has them. */
export function VerdictTag({ verdict }: { verdict: string }) {
  const { t } = useTranslation();
  const mark = verdicts[verdict === "accepted" ? "accept" : verdict === "refused" ? "drop" : verdict];
  return (
    <Tag color={mark?.color ?? "warning"} icon={mark?.icon ?? <EyeFilled />}>
      {t(`verdict.${verdict}`, { defaultValue: verdict })}
    </Tag>
  );
}

const states: Record<Schemas["NodeState"], Mark> = {
  connected: { color: "success", icon: <CheckCircleFilled /> },
  lagging: { color: "processing", icon: <ClockCircleFilled /> },
  monitored: { color: "warning", icon: <EyeFilled /> },
  degraded: { color: "error", icon: <WarningFilled /> },
  offline: { color: "default", icon: <DisconnectOutlined /> },
  detached: { color: "default", icon: <MinusCircleFilled /> },
};

/** State of a node. Only "connected" means that the newest policy is enforced. */
export function NodeStateTag({ state, reason }: { state: Schemas["NodeState"]; reason?: string }) {
  const { t } = useTranslation();
  const mark = states[state];
  return (
    <Tooltip title={reason || t(`node-state-meaning.${state}`)}>
      <Tag color={mark.color} icon={mark.icon} tabIndex={0}>
        {t(`node-state.${state}`)}
      </Tag>
    </Tooltip>
  );
}

export type Severity = "info" | "low" | "medium" | "high" | "critical";

const severities: Record<Severity, Mark> = {
  critical: { color: "magenta", icon: <CloseCircleFilled /> },
  high: { color: "red", icon: <CloseCircleFilled /> },
  medium: { color: "warning", icon: <WarningFilled /> },
  low: { color: "default", icon: <WarningFilled /> },
  info: { color: "blue", icon: <InfoCircleFilled /> },
};

/** Severity of a finding, with how many there are of it if given. */
export function SeverityTag({ severity, count }: { severity: Severity; count?: number }) {
  const { t } = useTranslation();
  const mark = severities[severity];
  return (
    <Tag color={mark.color} icon={mark.icon}>
      {count !== undefined ? `${count} ` : ""}
      {t(`severity.${severity}`)}
    </Tag>
  );
}
