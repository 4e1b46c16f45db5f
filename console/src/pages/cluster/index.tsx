// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { Button, Tabs } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import type { Cluster } from "../../model/cluster";
import { useMay } from "../../session/session";
import { Balancers } from "./balancers";
import { Check } from "./check";
import { DeleteCluster } from "./delete";
import { EditCluster } from "./edit";
import { ElasticIps } from "./elastic-ips";
import { Facts } from "./facts";
import { ClusterNodes } from "./nodes";

const TABS = ["nodes", "balancers", "elastic", "check"] as const;
type Tab = (typeof TABS)[number];

/** One cluster: what it is, its nodes, what stands before it, and its rules' health. */
export default function ClusterPage() {
  const { t } = useTranslation("cluster");
  const { ref = "" } = useParams();
  const cluster = $api.useQuery("get", "/v1/clusters/{ref}", { params: { path: { ref } } });
  return (
    <Page
      title={cluster.data?.name ?? t("title")}
      crumbs={[{ text: t("common:pages.clusters"), to: "/clusters" }]}
      actions={cluster.data && <Actions cluster={cluster.data} />}
    >
      <Loaded query={cluster}>{(data) => <Content cluster={data} />}</Loaded>
    </Page>
  );
}

function Actions({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  if (!useMay("operator")) return null;
  return (
    <>
      <Button icon={<EditOutlined />} onClick={() => setOpen("edit")}>
        {t("edit.button")}
      </Button>
      <Button danger icon={<DeleteOutlined />} onClick={() => setOpen("delete")}>
        {t("delete.button")}
      </Button>
      <EditCluster cluster={cluster} open={open === "edit"} onClose={() => setOpen(null)} />
      <DeleteCluster
        cluster={cluster}
        open={open === "delete"}
        onClose={() => setOpen(null)}
        onDone={() => navigate("/clusters")}
      />
    </>
  );
}

function Content({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const [params, setParams] = useSearchParams();
  const tab: Tab = TABS.find((one) => one === params.get("tab")) ?? "nodes";
  const contents: Record<Tab, React.ReactNode> = {
    nodes: <ClusterNodes cluster={cluster} />,
    balancers: <Balancers cluster={cluster} />,
    elastic: <ElasticIps cluster={cluster} />,
    check: <Check cluster={cluster} />,
  };
  return (
    <>
      <Facts cluster={cluster} />
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={(key) => setParams(key === "nodes" ? {} : { tab: key }, { replace: true })}
        items={TABS.map((key) => ({
          key,
          label: key === "nodes" ? t("tabs.nodes", { count: cluster.nodes.total }) : t(`tabs.${key}`),
          children: contents[key],
        }))}
      />
    </>
  );
}
