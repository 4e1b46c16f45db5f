// SPDX-License-Identifier: Apache-2.0
// Carries the plan out, a step at a time, each reviewed like any other change, and takes it back.
import { CheckCircleFilled, UndoOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { type Review, useReview } from "../../change/review";
import { Time } from "../../components/time";
import { useMay } from "../../session/session";
import type { Plan, Step } from "./options";
import { StepDetail } from "./step-detail";
import { useWizard } from "./use-plan";

type Props = { cluster: string; plan: Plan; done: { step: string; time: string }[] };

export function ApplyPanel({ cluster, plan, done }: Props) {
  const { t } = useTranslation("tighten");
  const operator = useMay("operator");
  return (
    <Flex vertical gap="middle">
      <Typography.Text>{t("apply-meaning")}</Typography.Text>
      {!operator && <Alert type="info" showIcon title={t("viewer")} />}
      <ol className="tighten-steps">
        {done.map(({ step, time }) => (
          <li key={`${step} ${time}`}>
            <Card size="small">
              <Flex gap={8} align="center" wrap>
                <CheckCircleFilled aria-hidden className="tighten-good" />
                <strong>{t(`steps.${step}`, { defaultValue: step })}</strong>
                <Typography.Text type="secondary">
                  {t("done")} <Time at={time} />
                </Typography.Text>
              </Flex>
            </Card>
          </li>
        ))}
        {plan.steps.map((step, index) => (
          <li key={step.step}>
            <NextStep cluster={cluster} plan={plan} step={step} isNext={index === 0} />
          </li>
        ))}
      </ol>
      {plan.state === "nothing" && (
        <Alert
          type="success"
          showIcon
          title={t("all-done")}
          description={<Link to={`/audit?cluster=${encodeURIComponent(plan.name ?? plan.cluster)}`}>{t("see-closed")}</Link>}
        />
      )}
      {operator && done.length > 0 && <Undo cluster={cluster} name={plan.name ?? plan.cluster} />}
    </Flex>
  );
}

/** Reviews and makes a change; the plan is made anew at once, so that no step is offered that is done. */
function useCarryOut() {
  const review = useReview();
  const queries = useQueryClient();
  return async (what: Review) => {
    if (await review(what))
      await queries.invalidateQueries({ predicate: ({ queryKey }) => PATHS.includes(`${queryKey[1]}`) });
  };
}

const PATHS = ["/v1/clusters/{ref}/tighten", "/v1/log"];

function NextStep({ cluster, plan, step, isNext }: { cluster: string; plan: Plan; step: Step; isNext: boolean }) {
  const { t } = useTranslation("tighten");
  const carryOut = useCarryOut();
  const operator = useMay("operator");
  const { options } = useWizard();
  const title = t(`steps.${step.step}`);

  return (
    <Card
      size="small"
      title={title}
      extra={
        operator && (
          <Button
            type={isNext ? "primary" : "default"}
            size="small"
            disabled={!isNext || plan.state !== "ready"}
            onClick={() =>
              void carryOut({
                title: t("review-step", { step: title, name: plan.name }),
                request: {
                  method: "post",
                  path: "/v1/clusters/{ref}/tighten/apply",
                  params: { path: { ref: cluster }, query: options },
                  body: { step: step.step, digest: step.digest },
                },
              })
            }
          >
            {isNext ? t("apply-step") : t("later")}
          </Button>
        )
      }
    >
      <StepDetail step={step} />
    </Card>
  );
}

function Undo({ cluster, name }: { cluster: string; name: string }) {
  const { t } = useTranslation("tighten");
  const carryOut = useCarryOut();
  return (
    <Flex gap="small" align="center" wrap>
      <Button
        icon={<UndoOutlined />}
        danger
        onClick={() =>
          void carryOut({
            title: t("undo-title", { name }),
            request: { method: "post", path: "/v1/clusters/{ref}/tighten/undo", params: { path: { ref: cluster } } },
            destructive: t("undo"),
          })
        }
      >
        {t("undo")}
      </Button>
      <Typography.Text type="secondary">{t("undo-meaning")}</Typography.Text>
    </Flex>
  );
}
