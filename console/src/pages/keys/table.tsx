// SPDX-License-Identifier: Apache-2.0
import { ClockCircleFilled, CloseCircleFilled, DeleteOutlined, UserOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Table, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { Time } from "../../components/time";
import { useSession } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { stateOf } from "./expiry";
import { useRevoke } from "./use-revoke";

export type Key = Schemas["Key"];

export function KeyTable({ keys }: { keys: Key[] }) {
  const { t } = useTranslation("keys");
  const narrow = useNarrow();

  if (narrow)
    return (
      <Flex vertical gap="small">
        {keys.map((key) => (
          <KeyCard key={key.id} of={key} />
        ))}
      </Flex>
    );
  return (
    <Table<Key>
      size="middle"
      rowKey="id"
      dataSource={keys}
      pagination={{ pageSize: 50, hideOnSinglePage: true }}
      columns={[
        { title: t("name"), render: (_, key) => <Name of={key} /> },
        { title: t("role"), render: (_, { role }) => t(`common:role.${role}`) },
        { title: t("created"), render: (_, { created }) => <Time at={created} /> },
        { title: t("expires"), render: (_, { expires }) => <Expiry expires={expires} /> },
        { title: t("last-use"), render: (_, key) => <Time at={key.last_use} /> },
        { title: <span className="unseen">{t("revoke")}</span>, align: "end", render: (_, key) => <Revoke of={key} /> },
      ]}
    />
  );
}

function Name({ of }: { of: Key }) {
  const { t } = useTranslation("keys");
  const session = useSession();
  return (
    <Flex vertical>
      <span style={{ overflowWrap: "anywhere" }}>
        <strong>{of.name}</strong>{" "}
        {of.id === session.key && (
          <Tag icon={<UserOutlined />} color="processing">
            {t("yours")}
          </Tag>
        )}
      </span>
      <Typography.Text type="secondary" className="mono">
        {of.id}
      </Typography.Text>
    </Flex>
  );
}

function Expiry({ expires }: { expires: string | null }) {
  const { t } = useTranslation("keys");
  if (!expires) return t("no-end");
  const state = stateOf(expires, Date.now());
  return (
    <Flex gap={4} wrap>
      <Time at={expires} />
      {state === "expired" && (
        <Tag color="error" icon={<CloseCircleFilled />}>
          {t("expired")}
        </Tag>
      )}
      {state === "expires-soon" && (
        <Tag color="warning" icon={<ClockCircleFilled />}>
          {t("soon")}
        </Tag>
      )}
    </Flex>
  );
}

function Revoke({ of }: { of: Key }) {
  const { t } = useTranslation("keys");
  const revoke = useRevoke();
  return (
    <Button danger type="text" icon={<DeleteOutlined />} aria-label={t("revoke-it", { name: of.name })} onClick={() => revoke(of)}>
      {t("revoke")}
    </Button>
  );
}

function KeyCard({ of }: { of: Key }) {
  const { t } = useTranslation("keys");
  return (
    <Card size="small">
      <Flex vertical gap={4}>
        <Flex justify="space-between" align="start" gap="small">
          <Name of={of} />
          <Revoke of={of} />
        </Flex>
        <span>
          {t("role")}: {t(`common:role.${of.role}`)}
        </span>
        <Flex gap={4} wrap>
          {t("expires")}: <Expiry expires={of.expires} />
        </Flex>
        <span>
          {t("last-use")}: <Time at={of.last_use} />
        </span>
      </Flex>
    </Card>
  );
}
