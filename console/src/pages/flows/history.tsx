// SPDX-License-Identifier: Apache-2.0
// What nodes saw in a period, days summed up, highest counts first.
import { Button, Empty, Flex, Table, Typography } from "antd";
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

function Rows({ flows }: { flows: Flow[] }) {
  const { t } = useTranslation("flows");
  const format = useCount();
  return (
    <Table<Flow>
      size="small"
      rowKey={keyOf}
      dataSource={flows}
      pagination={false}
      scroll={{ x: 1040 }}
      columns={[
        { title: t("verdict"), render: (_, { verdict }) => <VerdictTag verdict={verdict} /> },
        { title: t("node"), render: (_, flow) => `${flow.name}${flow.interface ? ` · ${flow.interface}` : ""}` },
        { title: t("direction.title"), render: (_, flow) => <Way flow={flow} /> },
        { title: t("service"), render: (_, flow) => <Service flow={flow} /> },
        { title: t("remote"), render: (_, flow) => <Remote flow={flow} /> },
        { title: t("decided-by"), width: "22%", render: (_, flow) => <Decider flow={flow} /> },
        { title: t("count"), align: "end", render: (_, { count }) => format(count) },
        { title: t("answered"), align: "end", render: (_, { answered }) => format(answered) },
        {
          title: t("served.title"),
          render: (_, { served }) => (served ? t(`served.${served}`) : ""),
        },
        { title: t("last"), render: (_, { last }) => <Time at={last} /> },
        { title: <span className="unseen">{t("why")}</span>, render: (_, flow) => <Why flow={flow} /> },
      ]}
    />
  );
}
