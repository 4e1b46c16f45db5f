// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { Button, Card, Empty, Flex, Popconfirm, Table, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas } from "../../api/client";
import { useCollection } from "../../api/collect";
import { useCheckTitle } from "../../components/check-text";
import { useGroupName } from "../../components/group-link";
import { ProblemAlert } from "../../components/problem";
import { Time } from "../../components/time";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { hasExpired, renewAudit } from "./suppression";

type Suppression = Schemas["Suppression"];

/** What people have accepted; a finding is shown again when it is removed here or has expired. */
export function Suppressions({ items }: { items: Suppression[] }) {
  const { t } = useTranslation("audit");
  const narrow = useNarrow();

  if (items.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no-suppressions")} />;
  if (narrow)
    return (
      <Flex vertical gap={8}>
        {items.map((item) => (
          <Card key={item.id} size="small">
            <Flex vertical gap={8}>
              <What item={item} />
              <span>{item.reason}</span>
              <span>
                {t("ends")}: <End item={item} />
              </span>
              <Origin item={item} />
              <Remove item={item} />
            </Flex>
          </Card>
        ))}
      </Flex>
    );
  return (
    <Table<Suppression>
      size="small"
      rowKey="id"
      dataSource={items}
      pagination={items.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      columns={[
        { title: t("finding"), render: (_, item) => <What item={item} /> },
        { title: t("why-accepted"), dataIndex: "reason" },
        { title: t("ends"), width: 170, render: (_, item) => <End item={item} /> },
        { title: t("by"), width: 220, render: (_, item) => <Origin item={item} /> },
        {
          key: "acts",
          title: <span className="unseen">{t("common:actions")}</span>,
          width: 120,
          render: (_, item) => <Remove item={item} />,
        },
      ]}
    />
  );
}

/** Name of a cluster or group by id; "everywhere" for all. */
function useSubjectName(): (subject: string) => string {
  const { t } = useTranslation("audit");
  const clusters = useCollection("/v1/clusters").data;
  const groups = useCollection("/v1/security-groups").data;
  const groupName = useGroupName();
  return (subject) => {
    if (subject === "*") return t("everywhere");
    const cluster = clusters?.find(({ id, name }) => id === subject || name === subject);
    return cluster?.name ?? groupName(subject, groups?.find(({ id }) => id === subject)?.name);
  };
}

function What({ item }: { item: Suppression }) {
  const { t } = useTranslation("audit");
  const titleOf = useCheckTitle();
  const nameOf = useSubjectName();
  return (
    <Flex vertical>
      <Typography.Text strong className="audit-title">
        {item.check === "*" ? t("all-checks") : titleOf(item.check)}
      </Typography.Text>
      <span>{nameOf(item.subject)}</span>
    </Flex>
  );
}

function End({ item }: { item: Suppression }) {
  const { t } = useTranslation("audit");
  if (!item.expires) return <span>{t("never-ends")}</span>;
  return (
    <span>
      <Time at={item.expires} /> {hasExpired(item, new Date()) && <Tag>{t("expired")}</Tag>}
    </span>
  );
}

function Origin({ item }: { item: Suppression }) {
  return (
    <Typography.Text type="secondary">
      {item.author} · <Time at={item.created} />
    </Typography.Text>
  );
}

function Remove({ item }: { item: Suppression }) {
  const { t } = useTranslation("audit");
  const queries = useQueryClient();
  const operator = useMay("operator");
  const titleOf = useCheckTitle();
  const [error, setError] = useState<unknown>(null);

  const remove = async () => {
    try {
      await api.DELETE("/v1/audit/suppressions/{ref}", { params: { path: { ref: item.id } } });
      await renewAudit(queries);
    } catch (thrown) {
      setError(thrown);
    }
  };

  if (!operator) return null;
  return (
    <>
      {error ? <ProblemAlert error={error} /> : null}
      <Popconfirm
        title={t("remove-title")}
        description={t("remove-meaning")}
        okText={t("remove")}
        cancelText={t("common:cancel")}
        onConfirm={() => void remove()}
      >
        <Button size="small" aria-label={t("remove-of", { title: titleOf(item.check) })}>
          {t("remove")}
        </Button>
      </Popconfirm>
    </>
  );
}
