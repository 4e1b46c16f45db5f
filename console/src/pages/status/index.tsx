// SPDX-License-Identifier: Apache-2.0
// How the controller and the agents are: versions, states, certificates.
import { Alert, Card, Descriptions, Flex } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { Copyable } from "../../components/copyable";
import { Loaded } from "../../components/loaded";
import { NodeStateTag } from "../../components/marks";
import { Page } from "../../components/page";
import { useNarrow } from "../../theme/theme";
import { Agents } from "./agents";
import { Certificate } from "./certificate";
import { versions } from "./versions";

type Status = Schemas["Status"];
const states: Schemas["NodeState"][] = ["connected", "lagging", "monitored", "degraded", "offline", "detached"];

export default function StatusPage() {
  const { t } = useTranslation("status");
  const status = $api.useQuery("get", "/v1/status");
  return (
    <Page title={t("title")} help="authority">
      <Loaded query={status}>
        {(data) => (
          <Flex vertical gap="middle">
            <Controller status={data} />
            <Agents nodes={data.items} />
          </Flex>
        )}
      </Loaded>
    </Page>
  );
}

function Controller({ status }: { status: Status }) {
  const { t } = useTranslation("status");
  const narrow = useNarrow();
  const { certificates, controllers = [] } = status;
  const agents = versions(status.items);
  const items: { key: string; children: ReactNode }[] = [
    { key: "version", children: status.version },
    { key: "revision", children: status.revision },
    { key: "incarnation", children: <Copyable text={status.incarnation} /> },
    { key: "nodes", children: <NodeCounts nodes={status.nodes} /> },
    {
      key: "agents",
      children: agents.length
        ? agents.map(({ version, count }) => t("version-of", { version, count })).join(" · ")
        : t("no-agents"),
    },
    { key: "authority", children: <Certificate expires={certificates.authority} /> },
    ...(certificates.server ? [{ key: "server", children: <Certificate expires={certificates.server} /> }] : []),
    ...(controllers.length > 1
      ? [
          {
            key: "controllers",
            children: controllers
              .map(({ url, active }) => (active ? t("active-controller", { url }) : url))
              .join(" · "),
          },
        ]
      : []),
  ];

  return (
    <>
      {certificates.replacement && (
        <Alert
          type="info"
          showIcon
          title={t(`replacement.${certificates.replacement.stage}`, {
            trusting: certificates.replacement.nodes_not_trusting,
            renew: certificates.replacement.nodes_to_renew,
          })}
        />
      )}
      <Card size="small" title={t("controller")}>
        <Descriptions
          size="small"
          column={narrow ? 1 : 2}
          layout={narrow ? "vertical" : "horizontal"}
          items={items.map(({ key, children }) => ({ key, label: t(`fact.${key}`), children }))}
        />
      </Card>
    </>
  );
}

function NodeCounts({ nodes }: { nodes: Status["nodes"] }) {
  const { t } = useTranslation("status");
  const there = states.filter((state) => nodes[state] > 0);
  if (there.length === 0) return t("no-nodes");
  return (
    <Flex gap={4} wrap>
      {there.map((state) => (
        <span key={state} style={{ whiteSpace: "nowrap" }}>
          {nodes[state]} <NodeStateTag state={state} />
        </span>
      ))}
    </Flex>
  );
}
