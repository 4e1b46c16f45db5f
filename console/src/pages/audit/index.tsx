// SPDX-License-Identifier: Apache-2.0
// What the audit finds over all clusters, what people accepted of it, and what could not be judged.
import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import "./audit.css";
import { Findings } from "./findings-view";
import { Suppressions } from "./suppressions";
import { Unknown } from "./unknown";

export default function AuditPage() {
  const { t } = useTranslation("audit");
  const [params, setParams] = useSearchParams();
  const audit = $api.useQuery("get", "/v1/audit");
  const suppressions = useCollection("/v1/audit/suppressions");
  const open = audit.data?.findings.filter(({ suppressed }) => suppressed === undefined).length;
  const label = (text: string, count?: number) => (count === undefined ? text : `${text} (${count})`);

  return (
    <Page title={t("title")}>
      <Tabs
        activeKey={params.get("tab") ?? "findings"}
        onChange={(next) => setParams(next === "findings" ? {} : { tab: next })}
        items={[
          {
            key: "findings",
            label: label(t("findings"), open),
            children: <Loaded query={audit}>{(data) => <Findings audit={data} />}</Loaded>,
          },
          {
            key: "suppressions",
            label: label(t("suppressions"), suppressions.data?.length),
            children: <Loaded query={suppressions}>{(items) => <Suppressions items={items} />}</Loaded>,
          },
          {
            key: "unknown",
            label: label(t("unknown"), audit.data?.unknown.length),
            children: <Loaded query={audit}>{(data) => <Unknown items={data.unknown} />}</Loaded>,
          },
        ]}
      />
    </Page>
  );
}
