// SPDX-License-Identifier: Apache-2.0
// What nodes saw in a period, days summed up, highest counts first.
import { Button, Empty, Flex, Table, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { VerdictTag } from "../../components/marks";
import { ProblemAlert } from "../../components/problem";
import { Time } from "../../components/time";
import { Waiting } from "../../components/waiting";
import { useNarrow } from "../../theme/theme";
import type { Flow } from "./buffer";
import { FlowCard } from "./card";
import { Decider, Remote, Service, useCount, Way, Why } from "./cells";
import type { Filters } from "./filters";
import { useHistory } from "./use-history";

export function History({ filters }: { filters: Filters }) {
  const { t } = useTranslation("flows");
  const narrow = useNarrow();
  const history = useHistory(filters);

  if (history.isPending) return <Waiting />;
  if (!history.data) return <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />;
  const flows = history.data.pages.flatMap(({ items }) => items);
  return (
    <Flex vertical gap="small">
      {history.error && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      {flows.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no-history")} />
      ) : narrow ? (
        flows.map((flow) => <FlowCard key={keyOf(flow)} flow={flow} when={<Time at={flow.last} />} />)
      ) : (
        <Rows flows={flows} />
      )}
      {history.hasNextPage && (
        <Button onClick={() => void history.fetchNextPage()} loading={history.isFetchingNextPage}>
          {t("more")}
        </Button>
      )}
      <Typography.Text type="secondary">{t("kept")}</Typography.Text>
    </Flex>
  );
}

const keyOf = (flow: Flow) =>
  [flow.node, flow.verdict, flow.direction, flow.others, flow.interface, flow.protocol, flow.port, flow.remote].join(" ");

/** What counts, and below it what belongs to it. */
function Two({ first, second }: { first: ReactNode; second: ReactNode }) {
  return (
    <>
      <div>{first}</div>
      {second && <Typography.Text type="secondary">{second}</Typography.Text>}
    </>
  );
}

function Rows({ flows }: { flows: Flow[] }) {
  const { t } = useTranslation("flows");
  const format = useCount();
  return (
    <Table<Flow>
      size="small"
      rowKey={keyOf}
      dataSource={flows}
      pagination={false}
      scroll={{ x: 1000 }}
      columns={[
        { title: t("verdict"), width: 118, render: (_, { verdict }) => <VerdictTag verdict={verdict} /> },
        { title: t("node"), width: 116, render: (_, flow) => <Two first={flow.name} second={flow.interface} /> },
        {
          title: t("service"),
          width: 110,
          render: (_, flow) => <Two first={<Service flow={flow} />} second={<Way flow={flow} />} />,
        },
        { title: t("remote"), width: 150, render: (_, flow) => <Remote flow={flow} /> },
        { title: t("decided-by"), render: (_, flow) => <Decider flow={flow} /> },
        {
          title: t("count"),
          align: "end",
          width: 110,
          render: (_, { count, answered }) => (
            <Two
              first={format(count)}
              second={answered === undefined ? null : t("answered", { number: format(answered) })}
            />
          ),
        },
        {
          title: t("served.title"),
          width: 116,
          render: (_, { served }) => (served ? t(`served.${served}`) : ""),
        },
        { title: t("last"), width: 110, render: (_, { last }) => <Time at={last} short /> },
        { title: <span className="unseen">{t("why")}</span>, width: 64, render: (_, flow) => <Why flow={flow} /> },
      ]}
    />
  );
}
