// SPDX-License-Identifier: Apache-2.0
import { Button, Collapse, Flex, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { ExposurePicture } from "./exposure";
import type { Plan } from "./options";
import { StepDetail } from "./step-detail";
import { useWizard } from "./use-plan";

/** The plan: what closes, and what each step adds and revokes and why. */
export function PlanPanel({ plan }: { plan: Plan }) {
  const { t } = useTranslation("tighten");
  const { go } = useWizard();
  return (
    <Flex vertical gap="middle">
      <ExposurePicture plan={plan} />
      <Collapse
        size="small"
        defaultActiveKey={plan.steps.map(({ step }) => step)}
        items={plan.steps.map((step, index) => ({
          key: step.step,
          label: (
            <Flex gap={8} wrap align="center">
              <strong>
                {index + 1}. {t(`steps.${step.step}`)}
              </strong>
              {step.add.length > 0 && <Tag color="success">{t("adds", { count: step.add.length })}</Tag>}
              {step.revoke.length > 0 && <Tag color="warning">{t("revokes", { count: step.revoke.length })}</Tag>}
              {step.refused > 0 && <Tag color="error">{t("would-refuse", { count: step.refused })}</Tag>}
            </Flex>
          ),
          children: <StepDetail step={step} />,
        }))}
      />
      <Flex justify="end" gap="small">
        <Button onClick={() => go("evidence")}>{t("back")}</Button>
        <Button type="primary" disabled={plan.state !== "ready"} onClick={() => go("stage")}>
          {t("to-stage")}
        </Button>
      </Flex>
    </Flex>
  );
}
