// SPDX-License-Identifier: Apache-2.0
import { Card, Descriptions, Flex, Skeleton, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { $api } from "../../api/client";
import { ClusterStateTag } from "../../components/cluster-state";
import { Copyable } from "../../components/copyable";
import { ExposureText } from "../../components/exposure";
import { FindingCounts } from "../../components/finding-counts";
import { groupLink } from "../../components/links";
import { Tags } from "../../components/tags";
import type { Cluster } from "../../model/cluster";
import { useNarrow } from "../../theme/theme";
import { Enforcement } from "./enforcement";

/** What a cluster is, at a glance. */
export function Facts({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const narrow = useNarrow();
  const network = $api.useQuery("get", "/v1/networks/{ref}", { params: { path: { ref: cluster.network } } });
  const audit = $api.useQuery("get", "/v1/audit/summary", { params: { query: { cluster: cluster.id } } });
  const summary = audit.data?.items[0];
  const judged = (show: (found: NonNullable<typeof summary>) => ReactNode) =>
    summary ? show(summary) : audit.error ? t("not-known") : <Skeleton.Button active size="small" />;

  const facts: [string, ReactNode][] = [
    ["group", <GroupId key="group" id={cluster.security_group} />],
    ["state", <ClusterStateTag key="state" cluster={cluster} />],
    ["enforcement", <Enforcement key="enforcement" cluster={cluster} />],
    ["exposure", judged(({ to_internet: open }) => <ExposureText open={open} />)],
    ["findings", judged(({ findings }) => <FindingCounts findings={findings} to="?tab=check" />)],
    ["rules", <Link key="rules" to={`${groupLink(cluster.security_group)}/rules`}>{t("rule-count", { count: cluster.rule_count })}</Link>],
    [
      "network",
      network.data ? `${network.data.name} (${t(`kinds.${network.data.kind}`)})` : cluster.network,
    ],
    ["type", `${t(`types.${cluster.type}`)} · ${t(`profiles.${cluster.profile}`)}`],
    ["management", <Cidrs key="management" list={cluster.management_cidrs} none={t("management-any")} />],
    [
      "containers",
      <Flex key="containers" gap={6} wrap>
        <Cidrs list={cluster.container_cidrs} none={t("containers-none")} />
        {cluster.container_cidrs.length > 0 && (
          <Typography.Text type="secondary">{t(`container-networks.${cluster.container_network}`)}</Typography.Text>
        )}
      </Flex>,
    ],
    ["id", <Copyable key="id" text={cluster.id} />],
  ];
  if (Object.keys(cluster.tags ?? {}).length > 0) facts.push(["tags", <Tags key="tags" tags={cluster.tags} />]);
  return (
    <Card size="small">
      <Descriptions
        size="small"
        column={narrow ? 1 : { md: 1, lg: 2, xl: 3 }}
        items={facts.map(([key, children]) => ({ key, label: t(`facts.${key}`), children }))}
      />
    </Card>
  );
}

/** The id as the link that the seed's path goes by, and a way to copy it. */
function GroupId({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Flex gap={4} align="center">
      <Link to={groupLink(id)} className="mono" style={{ whiteSpace: "nowrap" }}>
        {id}
      </Link>
      <Typography.Text copyable={{ text: id, tooltips: [t("copy"), t("copied")] }} />
    </Flex>
  );
}

function Cidrs({ list, none }: { list: string[]; none: string }) {
  if (list.length === 0) return <Typography.Text type="secondary">{none}</Typography.Text>;
  return <span className="mono">{list.join(", ")}</span>;
}
