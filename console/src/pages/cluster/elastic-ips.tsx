// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useReview } from "../../change/review";
import { EmptyState } from "../../components/empty";
import { Loaded } from "../../components/loaded";
import { type Column, Rows } from "../../components/rows";
import type { Cluster } from "../../model/cluster";
import { type ElasticIp, elasticIpsOf, withElasticIps } from "../../model/elastic";
import { useMay } from "../../session/session";
import { useNodes } from "../nodes/data";
import { BindElasticIp } from "./elastic-form";

/** Public addresses that are translated to a node's own: each makes the node reachable by itself. */
export function ElasticIps({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const may = useMay("operator");
  const nodes = useNodes(cluster.id);
  const [binding, setBinding] = useState(false);
  const bind = may && cluster.nodes.total > 0 && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setBinding(true)}>
      {t("elastic.bind")}
    </Button>
  );
  return (
    <Loaded query={nodes}>
      {(items) => {
        const bound = elasticIpsOf(items);
        return (
          <Flex vertical gap="middle">
            {bound.length > 0 && bind && <div>{bind}</div>}
            <BoundList bound={bound}>{bind}</BoundList>
            <BindElasticIp nodes={items} open={binding} onClose={() => setBinding(false)} />
          </Flex>
        );
      }}
    </Loaded>
  );
}

function BoundList({ bound, children }: { bound: ElasticIp[]; children: React.ReactNode }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const may = useMay("operator");
  const release = ({ address, node, iface }: ElasticIp) =>
    review({
      title: t("elastic.release-title", { address, name: node.name }),
      destructive: t("elastic.release"),
      request: {
        method: "patch",
        path: "/v1/nodes/{ref}",
        params: { path: { ref: node.id } },
        body: { interfaces: withElasticIps(node, iface, (list) => list.filter((one) => one !== address)) },
      },
    });
  const columns: Column<ElasticIp>[] = [
    { key: "address", title: t("elastic.address"), card: "head", render: ({ address }) => <span className="mono">{address}</span> },
    {
      key: "node",
      title: t("elastic.node"),
      render: ({ node }) => <Link to={`?tab=elastic&node=${node.id}`}>{node.name}</Link>,
    },
    { key: "interface", title: t("elastic.interface"), render: ({ iface }) => <span className="mono">{iface}</span> },
    {
      key: "actions",
      title: "",
      card: "actions",
      render: (one) =>
        may && (
          <Button
            size="small"
            danger
            aria-label={t("elastic.release-title", { address: one.address, name: one.node.name })}
            onClick={() => void release(one)}
          >
            {t("elastic.release")}
          </Button>
        ),
    },
  ];
  return (
    <Rows
      rows={bound}
      rowKey={({ address, node, iface }) => `${node.id} ${iface} ${address}`}
      columns={columns}
      label={t("tabs.elastic")}
      empty={
        <EmptyState text={t("elastic.none")} hint={t("elastic.none-hint")}>
          {children}
        </EmptyState>
      }
    />
  );
}
