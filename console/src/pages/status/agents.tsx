// SPDX-License-Identifier: Apache-2.0
import { Card, Empty, Flex, Table } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { NodeStateTag } from "../../components/marks";
import { Time } from "../../components/time";
import { compareNames } from "../../model/order";
import { useNarrow } from "../../theme/theme";
import { Certificate } from "./certificate";
import type { NodeStatus } from "./versions";

const by = (read: (node: NodeStatus) => string) => (a: NodeStatus, b: NodeStatus) => read(a).localeCompare(read(b));

export function Agents({ nodes: given }: { nodes: NodeStatus[] }) {
  const nodes = useMemo(() => [...given].sort((a, b) => compareNames(a.name, b.name)), [given]);
  const { t } = useTranslation("status");
  const narrow = useNarrow();
  if (nodes.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("join-first")} />;
  if (narrow) return <Cards nodes={nodes} />;
  return (
    <Table<NodeStatus>
      size="small"
      rowKey="id"
      title={() => <strong>{t("agents")}</strong>}
      dataSource={nodes}
      pagination={{ pageSize: 50, hideOnSinglePage: true }}
      scroll={{ x: "max-content" }}
      columns={[
        { title: t("node"), dataIndex: "name", sorter: (a, b) => compareNames(a.name, b.name) },
        {
          title: t("state"),
          sorter: by(({ state }) => state),
          render: (_, { state, reason }) => <NodeStateTag state={state} reason={reason} />,
        },
        { title: t("applied"), align: "end", render: (_, node) => <Applied node={node} /> },
        {
          title: t("agent-version"),
          sorter: by(({ agent_version }) => agent_version),
          render: (_, { agent_version }) => agent_version || t("not-known"),
        },
        { title: t("last-report"), render: (_, { last_report }) => <Time at={last_report} /> },
        {
          title: t("certificate"),
          sorter: by(({ certificate_expires }) => certificate_expires ?? ""),
          render: (_, { certificate_expires }) =>
            certificate_expires ? <Certificate expires={certificate_expires} /> : t("not-known"),
        },
      ]}
    />
  );
}

/** "31", or "29 of 31" while it is behind. */
function Applied({ node: { applied, wanted } }: { node: NodeStatus }) {
  const { t } = useTranslation("status");
  return BigInt(applied) < BigInt(wanted) ? t("behind", { applied, wanted }) : applied;
}

function Cards({ nodes }: { nodes: NodeStatus[] }) {
  const { t } = useTranslation("status");
  return (
    <Flex vertical gap="small">
      <strong>{t("agents")}</strong>
      {nodes.map((node) => (
        <Card size="small" key={node.id}>
          <Flex vertical gap={4}>
            <Flex justify="space-between" gap="small" wrap>
              <strong>{node.name}</strong>
              <NodeStateTag state={node.state} reason={node.reason} />
            </Flex>
            <span>
              {t("applied")}: <Applied node={node} /> · {t("agent-version")}: {node.agent_version || t("not-known")}
            </span>
            <span>
              {t("last-report")}: <Time at={node.last_report} />
            </span>
            {node.certificate_expires && (
              <Flex gap={4} wrap>
                {t("certificate")}: <Certificate expires={node.certificate_expires} />
              </Flex>
            )}
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
