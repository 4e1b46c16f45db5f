// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useReview } from "../../change/review";
import { useCollection } from "../../api/collect";
import { useGroupName } from "../../components/group-link";
import { useMay } from "../../session/session";
import { useNarrow } from "../../theme/theme";
import { endText, type PromiseState, trafficOf, witnessLink, witnessText } from "./sentence";
import { StateTag } from "./state";

/** Names of groups, clusters and prefix lists, whatever a promise names. */
function useNames() {
  const groups = useCollection("/v1/security-groups").data;
  const lists = useCollection("/v1/prefix-lists").data;
  const groupName = useGroupName();
  return {
    group: (id: string) => groupName(id, groups?.find((group) => group.id === id)?.name),
    list: (id: string) => lists?.find((list) => list.id === id)?.name ?? id,
  };
}

function useSentence(): (promise: PromiseState) => string {
  const { t } = useTranslation("promises");
  const names = useNames();
  return (promise) =>
    t(`sentence.${promise.policy}`, {
      traffic: trafficOf(promise),
      from: endText(promise.from, names),
      to: endText(promise.to, names),
    });
}

export function PromiseList({ items }: { items: PromiseState[] }) {
  return useNarrow() ? <Cards items={items} /> : <Wide items={items} />;
}

function What({ promise }: { promise: PromiseState }) {
  const sentence = useSentence();
  return (
    <Flex vertical>
      <Typography.Text strong>{sentence(promise)}</Typography.Text>
      {promise.reason && <Typography.Text type="secondary">{promise.reason}</Typography.Text>}
    </Flex>
  );
}

/** Where and by what it is broken, or why it could not be judged. */
function Evidence({ promise }: { promise: PromiseState }) {
  const { t } = useTranslation("promises");
  const link = witnessLink(promise);
  if (promise.unknown_because) return <span>{promise.unknown_because}</span>;
  if (!promise.witness)
    return <Typography.Text type="secondary">{t("judged", { count: promise.interfaces })}</Typography.Text>;
  return (
    <Flex vertical>
      <span className="mono">{witnessText(promise.witness)}</span>
      <span>
        {t(`witness.${promise.verdict ?? "accept"}`, {
          node: promise.node_name ?? promise.node,
          interface: promise.interface,
          cause: promise.cause === "default" ? t("by-default") : promise.cause,
        })}{" "}
        {link && <Link to={link}>{t("why")}</Link>}
      </span>
    </Flex>
  );
}

function Delete({ promise }: { promise: PromiseState }) {
  const { t } = useTranslation("promises");
  const review = useReview();
  const sentence = useSentence();
  const operator = useMay("operator");
  if (!operator) return null;
  return (
    <Button
      size="small"
      icon={<DeleteOutlined />}
      aria-label={t("delete-of", { promise: sentence(promise) })}
      onClick={() =>
        void review({
          title: t("delete-of", { promise: sentence(promise) }),
          request: { method: "delete", path: "/v1/promises/{ref}", params: { path: { ref: promise.id } } },
          destructive: t("delete"),
        })
      }
    />
  );
}

function Wide({ items }: { items: PromiseState[] }) {
  const { t } = useTranslation("promises");
  const networks = useCollection("/v1/networks").data;
  return (
    <Table<PromiseState>
      size="small"
      rowKey="id"
      dataSource={items}
      pagination={items.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      columns={[
        { title: t("state-title"), width: 110, render: (_, promise) => <StateTag promise={promise} /> },
        { title: t("promise"), render: (_, promise) => <What promise={promise} /> },
        {
          title: t("network"),
          width: 150,
          render: (_, { network }) => networks?.find(({ id }) => id === network)?.name ?? network,
        },
        { title: t("evidence"), render: (_, promise) => <Evidence promise={promise} /> },
        {
          key: "acts",
          title: <span className="unseen">{t("common:actions")}</span>,
          width: 60,
          render: (_, promise) => <Delete promise={promise} />,
        },
      ]}
    />
  );
}

function Cards({ items }: { items: PromiseState[] }) {
  return (
    <Flex vertical gap={8}>
      {items.map((promise) => (
        <Card key={promise.id} size="small">
          <Flex vertical gap={8}>
            <Flex justify="space-between">
              <StateTag promise={promise} />
              <Delete promise={promise} />
            </Flex>
            <What promise={promise} />
            <Evidence promise={promise} />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
