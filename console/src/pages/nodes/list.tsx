// SPDX-License-Identifier: Apache-2.0
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router-dom";
import { clusterLink } from "../../components/links";
import { NodeStateTag } from "../../components/marks";
import { type Column, Rows } from "../../components/rows";
import { lagText, type Node } from "../../model/node";
import { byName, compareNames } from "../../model/order";
import { Hooks } from "./hooks";
import { OccupancyBar } from "./occupancy";

type Props = {
  nodes: Node[];
  clusterNames: Map<string, string>;
  /** With the cluster of each, where nodes of many are listed. */
  showCluster?: boolean;
  empty?: ReactNode;
};

export function NodeList({ nodes, clusterNames, showCluster, empty }: Props) {
  const { t, i18n } = useTranslation("nodes");
  const [params] = useSearchParams();
  const detail = (id: string) => {
    const next = new URLSearchParams(params);
    next.set("node", id);
    return `?${next}`;
  };

  const columns: Column<Node>[] = [
    {
      key: "name",
      title: t("name"),
      card: "head",
      sort: (a, b) => compareNames(a.name, b.name),
      render: ({ id, name }) => (
        <Link to={detail(id)} className="row-name">
          {name}
        </Link>
      ),
    },
    {
      key: "state",
      title: t("state"),
      card: "state",
      sort: (a, b) => (a.state ?? "").localeCompare(b.state ?? ""),
      render: ({ state, reason }) => (state ? <NodeStateTag state={state} reason={reason} /> : <Tag>{t("no-agent")}</Tag>),
    },
    {
      key: "cluster",
      title: t("cluster"),
      render: ({ cluster }) =>
        cluster ? (
          <Link to={clusterLink(cluster)}>{clusterNames.get(cluster) ?? cluster}</Link>
        ) : (
          <Typography.Text type="secondary">{t("free")}</Typography.Text>
        ),
    },
    { key: "addresses", title: t("addresses"), render: (node) => <Addresses node={node} /> },
    { key: "hooks", title: t("enforced-interfaces"), render: (node) => <Hooks node={node} /> },
    {
      key: "revision",
      title: t("revision"),
      render: (node) => <Applied node={node} lag={lagText(node.lag_ms, i18n.language)} />,
    },
    {
      key: "flows",
      title: t("flows"),
      render: ({ kernel }) => (kernel ? <OccupancyBar kernel={kernel} /> : null),
    },
  ];
  return (
    <Rows
      rows={byName(nodes)}
      rowKey={({ id }) => id}
      columns={showCluster ? columns : columns.filter(({ key }) => key !== "cluster")}
      label={t("title")}
      empty={empty ?? t("none")}
    />
  );
}

const SHOWN = 2;

function Addresses({ node }: { node: Node }) {
  const { t } = useTranslation("nodes");
  const all = node.interfaces.flatMap(({ addresses = [] }) => addresses);
  if (all.length === 0) return <Typography.Text type="secondary">{t("no-addresses")}</Typography.Text>;
  return (
    <Flex vertical>
      {all.slice(0, SHOWN).map((address) => (
        <span key={address} className="mono">
          {address}
        </span>
      ))}
      {all.length > SHOWN && (
        <Typography.Text type="secondary">{t("more", { count: all.length - SHOWN })}</Typography.Text>
      )}
    </Flex>
  );
}

/** The revision in force; behind it how far the newest is. */
function Applied({ node, lag }: { node: Node; lag: string }) {
  const { t } = useTranslation("nodes");
  if (!node.state) return null;
  if (!node.applied || node.applied === "0")
    return <Typography.Text type="secondary">{t("nothing-applied")}</Typography.Text>;
  return (
    <Flex vertical>
      <span className="tabular">{node.applied}</span>
      {lag && (
        <Typography.Text type="warning">{t("behind", { lag, wanted: node.wanted ?? "" })}</Typography.Text>
      )}
    </Flex>
  );
}
