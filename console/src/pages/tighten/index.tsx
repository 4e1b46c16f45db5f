// SPDX-License-Identifier: Apache-2.0
// From a cluster that accepts everything to one that accepts what is needed: what is known, the plan, what it would
// have refused, and its steps, each of which can be taken back.
import { Alert, Button, Flex, Result, Steps } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router-dom";
import { $api } from "../../api/client";
import { Loaded } from "../../components/loaded";
import { clusterLink } from "../../components/links";
import { Page } from "../../components/page";
import { ApplyPanel } from "./apply";
import { EvidencePanel } from "./evidence";
import { type Panel, panels, type Plan } from "./options";
import { PlanPanel } from "./plan-panel";
import { StagePanel } from "./stage";
import "./tighten.css";
import { usePlan, useStepsDone, useWizard } from "./use-plan";

export default function Tighten() {
  const { t } = useTranslation("tighten");
  const { ref = "" } = useParams();
  const cluster = $api.useQuery("get", "/v1/clusters/{ref}", { params: { path: { ref } } });
  const plan = usePlan(ref);
  const name = cluster.data?.name ?? ref;

  return (
    <Page
      title={t("title", { name })}
      crumbs={[
        { text: t("common:pages.clusters"), to: "/clusters" },
        { text: name, to: clusterLink(ref) },
      ]}
    >
      <Loaded query={plan}>{(data) => <Wizard cluster={ref} plan={data} />}</Loaded>
    </Page>
  );
}

function Wizard({ cluster, plan }: { cluster: string; plan: Plan }) {
  const { t } = useTranslation("tighten");
  const { panel, go } = useWizard();
  const done = useStepsDone(plan.group);
  const begun = (done.data?.length ?? 0) > 0;

  if (plan.state === "nothing" && !begun) return <Nothing />;
  return (
    <Flex vertical gap="middle">
      <Steps
        size="small"
        current={panels.indexOf(panel)}
        onChange={(index) => go(panels[index]!)}
        items={panels.map((name) => ({
          title: t(`panels.${name}`),
          status: statusOf(name, panel, plan),
        }))}
      />
      {plan.state === "blocked" && (panel === "plan" || panel === "apply") && (
        <Alert
          type="warning"
          showIcon
          title={t("blocked")}
          action={
            <Button size="small" onClick={() => go("evidence")}>
              {t("panels.evidence")}
            </Button>
          }
        />
      )}
      {panel === "evidence" && <EvidencePanel plan={plan} />}
      {panel === "plan" && <PlanPanel plan={plan} />}
      {panel === "stage" && <StagePanel cluster={cluster} plan={plan} />}
      {panel === "apply" && <ApplyPanel cluster={cluster} plan={plan} done={done.data ?? []} />}
    </Flex>
  );
}

function statusOf(name: Panel, current: Panel, plan: Plan) {
  // On trial the plan is made of older flows only: that it lacks some says nothing of the plan itself.
  if (name === "evidence" && plan.state === "blocked" && current !== "stage") return "error" as const;
  if (name === current) return "process" as const;
  return panels.indexOf(name) < panels.indexOf(current) ? ("finish" as const) : ("wait" as const);
}

function Nothing() {
  const { t } = useTranslation("tighten");
  const navigate = useNavigate();
  return (
    <Result
      status="success"
      title={t("nothing")}
      subTitle={t("nothing-meaning")}
      extra={<Button onClick={() => void navigate("/audit")}>{t("to-audit")}</Button>}
    />
  );
}
