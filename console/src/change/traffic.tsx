// SPDX-License-Identifier: Apache-2.0
import { LockOutlined, UnlockOutlined } from "@ant-design/icons";
import { Alert, Flex, Table, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../api/client";

type Diff = Schemas["Diff"];
type Item = Diff["items"][number];

/** "tcp 80, 443"; ports as people write them. */
export function serviceText(protocol: string, ports: string[]): string {
  const shown = ports
    .filter((range) => range !== "-1/-1")
    .map((range) => {
      const [first, last] = range.split("/");
      return first === last ? first : `${first}-${last}`;
    });
  return shown.length ? `${protocol} ${shown.join(", ")}` : protocol;
}

/** Exactly the traffic that opens and closes. */
export function Traffic({ diff, omitted }: { diff?: Diff; omitted?: string }) {
  const { t } = useTranslation("change");

  if (omitted) return <Alert type="info" showIcon title={omitted} />;
  if (!diff) return null;
  if (!diff.different) return <Alert type="info" showIcon title={t("no-traffic")} />;
  return (
    <Table<Item>
      size="small"
      rowKey={(item) => JSON.stringify(item)}
      dataSource={diff.items}
      pagination={diff.items.length > 50 ? { pageSize: 50 } : false}
      scroll={{ x: "max-content" }}
      columns={[
        {
          title: t("what"),
          render: (_, { change }) =>
            change === "opens" ? (
              <Tag color="warning" icon={<UnlockOutlined />}>
                {t("opens")}
              </Tag>
            ) : (
              <Tag color="processing" icon={<LockOutlined />}>
                {t("closes")}
              </Tag>
            ),
        },
        {
          title: t("traffic"),
          render: (_, { direction, remotes, except, protocol, ports }) => (
            <Flex vertical>
              <span>
                {t(direction === "ingress" ? "from" : "to", {
                  service: serviceText(protocol, ports),
                  remotes: remotes.join(", "),
                })}
              </span>
              {except?.length ? (
                <Typography.Text type="secondary">{t("except", { remotes: except.join(", ") })}</Typography.Text>
              ) : null}
            </Flex>
          ),
        },
        { title: t("on"), render: (_, { nodes, interface: name }) => `${nodes.join(", ")} · ${name}` },
      ]}
    />
  );
}
