// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { useCollection } from "../../api/collect";
import { useReview } from "../../change/review";
import { EmptyState } from "../../components/empty";
import { Loaded } from "../../components/loaded";
import { Page } from "../../components/page";
import { type Column, Rows } from "../../components/rows";
import { byName, compareNames } from "../../model/order";
import { useMay } from "../../session/session";
import { NetworkForm } from "./form";

type Network = Schemas["Network"];

export default function Networks() {
  const { t } = useTranslation("networks");
  const may = useMay("operator");
  const networks = useCollection("/v1/networks");
  const [params, setParams] = useSearchParams();
  const [editing, setEditing] = useState<Network | null>(null);
  const create = () => setParams({ create: "" });
  const close = () => {
    setEditing(null);
    setParams({}, { replace: true });
  };
  const button = may && (
    <Button type="primary" icon={<PlusOutlined />} onClick={create}>
      {t("create")}
    </Button>
  );

  return (
    <Page title={t("title")} actions={button}>
      <Loaded query={networks}>
        {(items) => (
          <NetworkList items={items} onEdit={setEditing}>
            <EmptyState text={t("none")} hint={t("none-hint")}>
              {button}
            </EmptyState>
          </NetworkList>
        )}
      </Loaded>
      {may && <NetworkForm network={editing} open={editing !== null || params.has("create")} onClose={close} />}
    </Page>
  );
}

function NetworkList(props: { items: Network[]; onEdit: (network: Network) => void; children: React.ReactNode }) {
  const { t } = useTranslation("networks");
  const review = useReview();
  const may = useMay("operator");
  const clusters = useCollection("/v1/clusters");
  const remove = ({ id, name }: Network) =>
    review({
      title: t("delete-title", { name }),
      destructive: t("delete"),
      request: { method: "delete", path: "/v1/networks/{ref}", params: { path: { ref: id } } },
    });

  const columns: Column<Network>[] = [
    {
      key: "name",
      title: t("name"),
      card: "head",
      sort: (a, b) => compareNames(a.name, b.name),
      render: ({ name }) => <strong>{name}</strong>,
    },
    { key: "kind", title: t("kind"), render: ({ kind }) => t(`kinds.${kind}`) },
    {
      key: "cidrs",
      title: t("cidrs"),
      render: ({ cidrs, public: isPublic }) =>
        isPublic ? (
          <Typography.Text type="secondary">{t("public")}</Typography.Text>
        ) : (
          <span className="mono">{cidrs.join(", ")}</span>
        ),
    },
    {
      key: "clusters",
      title: t("clusters"),
      render: ({ id, name }) => {
        const count = (clusters.data ?? []).filter(({ network }) => network === id).length;
        return count ? (
          <Link to={`/clusters?q=${encodeURIComponent(name)}`}>{t("cluster-count", { count })}</Link>
        ) : (
          <Typography.Text type="secondary">{t("no-clusters")}</Typography.Text>
        );
      },
    },
    { key: "id", title: "ID", render: ({ id }) => <span className="mono">{id}</span> },
    {
      key: "actions",
      title: "",
      card: "actions",
      render: (network) =>
        may && (
          <Flex gap="small">
            <Button size="small" aria-label={t("edit-title", { name: network.name })} onClick={() => props.onEdit(network)}>
              {t("edit")}
            </Button>
            <Button size="small" danger aria-label={t("delete-title", { name: network.name })} onClick={() => void remove(network)}>
              {t("delete")}
            </Button>
          </Flex>
        ),
    },
  ];
  return (
    <Rows rows={byName(props.items)} rowKey={({ id }) => id} columns={columns} label={t("title")} empty={props.children} />
  );
}
