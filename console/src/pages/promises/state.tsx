// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, CloseCircleFilled, MinusCircleFilled, QuestionCircleFilled } from "@ant-design/icons";
import { Tag, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { PromiseState } from "./sentence";

const marks: Record<PromiseState["state"], { color: string; icon: ReactNode }> = {
  kept: { color: "success", icon: <CheckCircleFilled /> },
  broken: { color: "error", icon: <CloseCircleFilled /> },
  idle: { color: "default", icon: <MinusCircleFilled /> },
  unknown: { color: "warning", icon: <QuestionCircleFilled /> },
};

/** Whether a promise is kept; why not known, when it is not. */
export function StateTag({ promise }: { promise: PromiseState }) {
  const { t } = useTranslation("promises");
  const { color, icon } = marks[promise.state];
  return (
    <Tooltip title={promise.unknown_because ?? t(`state-meaning.${promise.state}`)}>
      <Tag color={color} icon={icon} tabIndex={0}>
        {t(`state.${promise.state}`)}
      </Tag>
    </Tooltip>
  );
}
