// SPDX-License-Identifier: Apache-2.0
// The plan on trial: what nodes report is judged by the rules that it would give.  Nothing is enforced.
import { Alert, Button, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Time } from "../../components/time";
import { hoursAgo, type Plan } from "./options";
import { Refusals } from "./refusals";
import { useLiveFlows, useWizard } from "./use-plan";

const HOURS = [0, 1, 24, 72, 168];

export function StagePanel({ cluster, plan }: { cluster: string; plan: Plan }) {
  const { t } = useTranslation("tighten");
  const { stage, set, go } = useWizard();
  const { staged } = plan;
  const live = useLiveFlows(cluster, stage !== undefined);

  return (
    <Flex vertical gap="middle">
      <Typography.Text>{t("stage-meaning")}</Typography.Text>
      <Flex gap="small" wrap align="center">
        <span>{t("stage-since")}</span>
        {HOURS.map((hours) => (
          <Button key={hours} size="small" onClick={() => set({ stage: hoursAgo(hours, new Date()) })}>
            {hours === 0 ? t("from-now") : hours === 1 ? t("hour-ago") : t("days-ago", { count: hours / 24 })}
          </Button>
        ))}
      </Flex>
      {stage && (
        <Typography.Text type="secondary" aria-live="polite">
          {t("judged-since")} <Time at={stage} /> · {t(live ? "live" : "waiting")}
        </Typography.Text>
      )}
      {stage && plan.state === "blocked" ? (
        <Alert type="warning" showIcon title={t("stage-blocked")} />
      ) : (
        staged && <Verdict staged={staged} />
      )}
      <Flex justify="end" gap="small">
        <Button onClick={() => go("plan")}>{t("back")}</Button>
        <Button type="primary" onClick={() => go("apply")}>
          {t("to-apply")}
        </Button>
      </Flex>
    </Flex>
  );
}

function Verdict({ staged }: { staged: NonNullable<Plan["staged"]> }) {
  const { t } = useTranslation("tighten");
  if (staged.judged === 0) return <Alert type="info" showIcon title={t("nothing-judged")} />;
  return (
    <Flex vertical gap="small" aria-live="polite">
      <Alert
        type={staged.refused ? "warning" : "success"}
        showIcon
        title={
          staged.refused
            ? t("staged-refused", { count: staged.refused, judged: staged.judged })
            : t("staged-fine", { count: staged.judged })
        }
        description={staged.refused ? t("staged-hint") : undefined}
      />
      {staged.refused > 0 && <Refusals items={staged.refusals} />}
    </Flex>
  );
}
