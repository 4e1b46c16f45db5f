// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useCollection } from "../../api/collect";
import { useReview } from "../../change/review";
import { EmptyState } from "../../components/empty";
import { groupLink } from "../../components/links";
import { Loaded } from "../../components/loaded";
import { type Column, Rows } from "../../components/rows";
import { type Balancer, listenerText } from "../../model/balancer";
import type { Cluster } from "../../model/cluster";
import { useMay } from "../../session/session";
import { BalancerForm } from "./balancer-form";

/** What stands before the cluster: the audit and the tightening plan go by it. */
export function Balancers({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const may = useMay("operator");
  const balancers = useCollection("/v1/load-balancers", { query: { cluster: cluster.id } });
  const [form, setForm] = useState<{ open: boolean; balancer: Balancer | null }>({ open: false, balancer: null });
  const add = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setForm({ open: true, balancer: null })}>
      {t("balancers.add")}
    </Button>
  );

  return (
    <Loaded query={balancers}>
      {(items) => (
        <Flex vertical gap="middle" align="stretch">
          {items.length > 0 && add && <div>{add}</div>}
          <BalancerList items={items} onEdit={(balancer) => setForm({ open: true, balancer })}>
            {add}
          </BalancerList>
          <BalancerForm
            cluster={cluster}
            balancer={form.balancer}
            open={form.open}
            onClose={() => setForm((old) => ({ ...old, open: false }))}
          />
        </Flex>
      )}
    </Loaded>
  );
}

function BalancerList(props: { items: Balancer[]; onEdit: (balancer: Balancer) => void; children: React.ReactNode }) {
  const { t } = useTranslation("cluster");
  const review = useReview();
  const may = useMay("operator");
  const remove = ({ id, name }: Balancer) =>
    review({
      title: t("balancers.delete-title", { name }),
      destructive: t("balancers.delete"),
      request: { method: "delete", path: "/v1/load-balancers/{ref}", params: { path: { ref: id } } },
    });

  const columns: Column<Balancer>[] = [
    { key: "name", title: t("facts.name"), card: "head", render: ({ name }) => <strong>{name}</strong> },
    {
      key: "listeners",
      title: t("balancers.listeners"),
      render: ({ listeners }) => listeners.map(listenerText).join(", ") || t("balancers.no-listeners"),
    },
    { key: "sources", title: t("balancers.sources"), render: ({ sources }) => <Sources sources={sources} /> },
    { key: "clients", title: t("balancers.clients"), render: ({ client_ip: kind }) => t(`balancers.client-ip.${kind}`) },
    {
      key: "actions",
      title: "",
      card: "actions",
      render: (balancer) =>
        may && (
          <Flex gap="small">
            <Button
              size="small"
              aria-label={t("balancers.edit-title", { name: balancer.name })}
              onClick={() => props.onEdit(balancer)}
            >
              {t("edit.button")}
            </Button>
            <Button
              size="small"
              danger
              aria-label={t("balancers.delete-title", { name: balancer.name })}
              onClick={() => void remove(balancer)}
            >
              {t("balancers.delete")}
            </Button>
          </Flex>
        ),
    },
  ];
  return (
    <Rows
      rows={props.items}
      rowKey={({ id }) => id}
      columns={columns}
      label={t("tabs.balancers")}
      empty={
        <EmptyState text={t("balancers.none")} hint={t("balancers.none-hint")}>
          {props.children}
        </EmptyState>
      }
    />
  );
}

function Sources({ sources }: { sources: Balancer["sources"] }) {
  const { t } = useTranslation("cluster");
  if ("group" in sources)
    return (
      <Link to={groupLink(sources.group)} className="mono">
        {sources.group}
      </Link>
    );
  if (sources.cidrs.length === 0)
    return <Typography.Text type="secondary">{t("balancers.no-sources")}</Typography.Text>;
  return <span className="mono">{sources.cidrs.join(", ")}</span>;
}
