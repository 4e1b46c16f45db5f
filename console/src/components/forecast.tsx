// SPDX-License-Identifier: Apache-2.0
import { Flex, Table, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { causesOf, type NodeForecast } from "../model/forecast";
import { Time } from "./time";

const endpoint = (address: string, port: number) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);

/** What enforcing would do to one node, as its agent reported last. */
export function ForecastOf({ node }: { node: NodeForecast }) {
  const { t } = useTranslation("nodes");
  const closed = node.listeners.filter(({ opened }) => !opened);
  const causes = causesOf(node.would_drops);
  return (
    <Flex vertical gap="middle">
      <Typography.Text type="secondary">
        {t("forecast.seen")} <Time at={node.seen} />
      </Typography.Text>
      <Part title={t("forecast.connections")} none={t("forecast.no-connections")} count={node.connections.length}>
        <Table
          size="small"
          pagination={false}
          scroll={{ x: "max-content" }}
          rowKey={({ interface: iface, local_port, remote, remote_port }) => `${iface} ${local_port} ${remote} ${remote_port}`}
          dataSource={node.connections}
          columns={[
            { title: t("forecast.local"), render: (_, { local, local_port }) => <span className="mono">{endpoint(local, local_port)}</span> },
            { title: t("forecast.remote"), render: (_, { remote, remote_port }) => <span className="mono">{endpoint(remote, remote_port)}</span> },
            { title: t("forecast.cause"), render: (_, { cause, ssh }) => <Cause cause={cause} ssh={ssh} /> },
          ]}
        />
      </Part>
      <Part title={t("forecast.listeners")} none={t("forecast.no-listeners")} count={closed.length}>
        <Flex gap={6} wrap>
          {closed.map(({ protocol, port, process }) => (
            <Tag key={`${protocol} ${port} ${process}`}>
              {protocol} {port} · {process || t("forecast.somebody")}
            </Tag>
          ))}
        </Flex>
      </Part>
      <Part title={t("forecast.drops")} none={t("forecast.no-drops")} count={causes.length}>
        <Flex gap={6} wrap>
          {causes.map(([cause, packets]) => (
            <Tag key={cause}>
              <span className="mono">{cause}</span> · {t("forecast.packets", { count: packets })}
            </Tag>
          ))}
        </Flex>
      </Part>
    </Flex>
  );
}

function Cause({ cause, ssh }: { cause: string; ssh: boolean }) {
  return (
    <>
      <span className="mono">{cause}</span> {ssh && <Tag color="error">SSH</Tag>}
    </>
  );
}

function Part({ title, none, count, children }: { title: string; none: string; count: number; children: ReactNode }) {
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 14, margin: "0 0 6px" }}>
        {title}
      </Typography.Title>
      {count === 0 ? <Typography.Text type="secondary">{none}</Typography.Text> : children}
    </section>
  );
}
