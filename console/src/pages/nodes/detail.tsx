// SPDX-License-Identifier: Apache-2.0
import { Alert, Descriptions, Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useCollection } from "../../api/collect";
import { Copyable } from "../../components/copyable";
import { clusterLink, groupLink } from "../../components/links";
import { NodeStateTag } from "../../components/marks";
import { Time } from "../../components/time";
import { causesOf } from "../../model/forecast";
import { useNameOf } from "../../model/names";
import { lagText, type Node } from "../../model/node";
import { Hooks } from "./hooks";
import { Interfaces } from "./interfaces";
import { NodeEnforcement } from "./enforcement";
import { OccupancyTable, TablesText } from "./occupancy";

/** All that is known of a node. */
export function NodeDetail({ node }: { node: Node }) {
  const { t } = useTranslation("nodes");
  return (
    <Flex vertical gap="large">
      {node.refused_addresses?.length ? (
        <Alert type="warning" showIcon title={t("refused-addresses")} description={node.refused_addresses.join("; ")} />
      ) : null}
      <Descriptions
        size="small"
        column={1}
        items={facts(node, t).map(([key, children]) => ({ key, label: t(`facts.${key}`), children }))}
      />
      <Section title={t("interfaces")}>
        <Interfaces node={node} />
      </Section>
      {node.kernel && (
        <Section title={t("flow-table")}>
          <OccupancyTable kernel={node.kernel} />
          {node.kernel.flows_refused !== "0" && (
            <Typography.Text type="warning">
              {t("flows-refused", { count: Number(node.kernel.flows_refused) })}
            </Typography.Text>
          )}
        </Section>
      )}
      {node.kernel && node.kernel.table_bytes > 0 && (
        <Section title={t("tables")}>
          <TablesText kernel={node.kernel} />
        </Section>
      )}
      {node.drops && (
        <Section title={t("dropped")}>
          <Causes causes={node.drops} none={t("nothing-dropped")} />
        </Section>
      )}
      {node.would_drops && Object.keys(node.would_drops).length > 0 && (
        <Section title={t("would-drop")}>
          <Causes causes={node.would_drops} none={t("nothing-dropped")} />
        </Section>
      )}
    </Flex>
  );
}

function facts(node: Node, t: (key: string) => string): [string, ReactNode][] {
  const known: [string, ReactNode][] = [
    ["state", node.state ? <NodeStateTag key="state" state={node.state} reason={node.reason} /> : t("no-agent-long")],
  ];
  if (node.reason) known.push(["reason", node.reason]);
  if (node.state)
    known.push(
      ["since", <Time key="since" at={node.since} />],
      ["enforcement", <NodeEnforcement key="enforcement" node={node} />],
      ["revision", <Revision key="revision" node={node} />],
      ["hooks", <Hooks key="hooks" node={node} />],
      ["report", <Time key="report" at={node.last_report} />],
      ["agent", node.agent_version || t("not-known")],
      ["persistent", node.persistent ? t("persistent-yes") : t("persistent-no")],
      ["certificate", <Time key="certificate" at={node.certificate_expires} />],
    );
  if (node.cluster) known.push(["cluster", <ClusterName key="cluster" id={node.cluster} />]);
  if (node.security_groups.length)
    known.push([
      "groups",
      <Flex key="groups" gap={8} wrap>
        {node.security_groups.map((id) => (
          <GroupName key={id} id={id} />
        ))}
      </Flex>,
    ]);
  known.push(["id", <Copyable key="id" text={node.id} />]);
  return known;
}

function ClusterName({ id }: { id: string }) {
  const clusters = useCollection("/v1/clusters");
  return <Link to={clusterLink(id)}>{clusters.data?.find((cluster) => cluster.id === id)?.name ?? id}</Link>;
}

function GroupName({ id }: { id: string }) {
  const nameOf = useNameOf();
  return <Link to={groupLink(id)}>{nameOf(id)}</Link>;
}

function Revision({ node }: { node: Node }) {
  const { t, i18n } = useTranslation("nodes");
  const lag = lagText(node.lag_ms, i18n.language);
  if (!node.applied || node.applied === "0") return <>{t("nothing-applied")}</>;
  return (
    <Flex gap={8} wrap>
      <span className="tabular">{node.applied}</span>
      {lag ? (
        <Typography.Text type="warning">{t("behind", { lag, wanted: node.wanted ?? "" })}</Typography.Text>
      ) : (
        <Typography.Text type="secondary">{t("newest")}</Typography.Text>
      )}
    </Flex>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 15, margin: "0 0 8px" }}>
        {title}
      </Typography.Title>
      {children}
    </section>
  );
}

function Causes({ causes, none }: { causes: Record<string, string>; none: string }) {
  const { i18n } = useTranslation("nodes");
  const known = causesOf(causes);
  const number = new Intl.NumberFormat(i18n.language);
  if (known.length === 0) return <Typography.Text type="secondary">{none}</Typography.Text>;
  return (
    <Flex gap={6} wrap>
      {known.map(([cause, packets]) => (
        <Tag key={cause}>
          <span className="mono">{cause}</span> · <span className="tabular">{number.format(packets)}</span>
        </Tag>
      ))}
    </Flex>
  );
}
