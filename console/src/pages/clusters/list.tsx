// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Skeleton, Typography } from "antd";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { ClusterStateTag } from "../../components/cluster-state";
import { ExposureText } from "../../components/exposure";
import { FindingCounts } from "../../components/finding-counts";
import { clusterLink, groupLink } from "../../components/links";
import { type Column, Rows } from "../../components/rows";
import { Tags } from "../../components/tags";
import { type Cluster, healthOf } from "../../model/cluster";
import { byName, compareNames } from "../../model/order";

type Summary = Schemas["AuditSummary"]["items"][number];

type Props = {
  clusters: Cluster[];
  networkNames: Map<string, string>;
  audit: { data?: Schemas["AuditSummary"]; error: unknown };
  empty: ReactNode;
};

const severity = ({ findings }: Summary) =>
  findings.critical * 1e8 + findings.high * 1e6 + findings.medium * 1e4 + findings.low * 100 + findings.info;

export function ClusterList({ clusters, networkNames, audit, empty }: Props) {
  const { t } = useTranslation("clusters");
  const summaries = useMemo(
    () => new Map((audit.data?.items ?? []).map((item) => [item.subject.id, item])),
    [audit.data],
  );

  /** What the audit says; it takes longer than the list. */
  const judged = (cluster: Cluster, show: (summary: Summary) => ReactNode): ReactNode => {
    const summary = summaries.get(cluster.id);
    if (summary) return show(summary);
    return audit.error || audit.data ? t("not-known") : <Skeleton.Button active size="small" />;
  };
  const worst = (cluster: Cluster) => {
    const summary = summaries.get(cluster.id);
    return summary ? severity(summary) : -1;
  };
  const network = ({ network: id }: Cluster) => networkNames.get(id) ?? id;

  const columns: Column<Cluster>[] = [
    {
      key: "name",
      title: t("name"),
      card: "head",
      sort: (a, b) => compareNames(a.name, b.name),
      render: ({ id, name, tags }) => (
        <Flex vertical gap={4}>
          <Link to={clusterLink(id)} className="row-name">
            {name}
          </Link>
          <Tags tags={tags} most={2} />
        </Flex>
      ),
    },
    { key: "state", title: t("state"), card: "state", render: (cluster) => <ClusterStateTag cluster={cluster} /> },
    {
      key: "network",
      title: t("network-and-type"),
      render: (cluster) => (
        <Flex vertical>
          <span>{network(cluster)}</span>
          <Typography.Text type="secondary">{t(`types.${cluster.type}`)}</Typography.Text>
        </Flex>
      ),
    },
    {
      key: "nodes",
      title: t("nodes"),
      sort: (a, b) => a.nodes.total - b.nodes.total,
      render: (cluster) => <NodeCount cluster={cluster} />,
    },
    {
      key: "group",
      title: t("group"),
      render: ({ security_group: id }) => (
        <Link to={groupLink(id)} className="mono">
          {id}
        </Link>
      ),
    },
    {
      key: "rules",
      title: t("rules"),
      align: "right",
      render: ({ rule_count: count }) => count,
    },
    {
      key: "exposure",
      title: t("exposure"),
      render: (cluster) => judged(cluster, ({ to_internet: open }) => <ExposureText open={open} />),
    },
    {
      key: "findings",
      title: t("findings"),
      sort: (a, b) => worst(a) - worst(b),
      render: (cluster) =>
        judged(cluster, ({ findings }) => (
          <FindingCounts findings={findings} to={`${clusterLink(cluster.id)}?tab=check`} />
        )),
    },
    {
      key: "manage",
      title: "",
      card: "actions",
      render: ({ id, name }) => (
        <Link to={clusterLink(id)}>
          <Button tabIndex={-1} size="small" aria-label={t("manage-of", { name })}>
            {t("manage")}
          </Button>
        </Link>
      ),
    },
  ];
  return <Rows rows={byName(clusters)} rowKey={({ id }) => id} columns={columns} label={t("title")} empty={empty} />;
}

function NodeCount({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("clusters");
  const { healthy, total } = healthOf(cluster);
  return (
    <span>
      <span aria-hidden>
        {healthy} / {total}
      </span>
      <span className="unseen">{t("healthy-of", { healthy, count: total })}</span>
    </span>
  );
}
