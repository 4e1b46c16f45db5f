// SPDX-License-Identifier: Apache-2.0
// Who talks most, by remote, service, node and what decided.
import { Card, Empty, Flex, Table, Typography } from "antd";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Legend, Patterns } from "../../components/charts/fills";
import { Loaded } from "../../components/loaded";
import { Decider, useCount } from "./cells";
import type { Filters } from "./filters";
import "./flows.css";
import { useLooks } from "./looks";
import { protocolOf } from "./packet";
import { type Part, shares, type Talker, talkers } from "./top";
import { TOP_ROWS, useTop } from "./use-history";

const MOST = 10;

export function TopTalkers({ filters, onPick }: { filters: Filters; onPick: (patch: Partial<Filters>) => void }) {
  const { t } = useTranslation("flows");
  const looks = useLooks();
  const top = useTop(filters);

  const service = ({ flow, name }: Talker) => (
    <Pick name={name} onPick={() => onPick({ tab: "history", protocol: protocolOf(flow), port: flow.port || undefined })} />
  );
  const node = ({ flow, name }: Talker) => (
    <Pick name={name} onPick={() => onPick({ tab: "history", node: flow.node })} />
  );

  return (
    <Loaded query={top}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no-history")} />
        ) : (
          <Flex vertical gap="middle">
            <svg width={0} height={0} style={{ position: "absolute" }} aria-hidden>
              <Patterns prefix="talkers" looks={looks} />
            </svg>
            <Flex gap="middle" wrap>
              <Legend looks={looks} />
            </Flex>
            <div className="talkers">
              <Talkers part="remote" flows={items} name={({ name }) => <span className="mono">{name}</span>} />
              <Talkers part="service" flows={items} name={service} />
              <Talkers part="node" flows={items} name={node} />
              <Talkers part="cause" flows={items} name={({ flow }) => <Decider flow={flow} />} />
            </div>
            <Typography.Text type="secondary">{next ? t("of-most", { count: TOP_ROWS }) : t("of-all")}</Typography.Text>
          </Flex>
        )
      }
    </Loaded>
  );
}

function Pick({ name, onPick }: { name: string; onPick: () => void }) {
  return (
    <Typography.Link className="mono" href="#" onClick={(event) => (event.preventDefault(), onPick())}>
      {name}
    </Typography.Link>
  );
}

type Props = { part: Part; flows: Parameters<typeof talkers>[0]; name: (talker: Talker) => ReactNode };

function Talkers({ part, flows, name }: Props) {
  const { t } = useTranslation("flows");
  const format = useCount();
  const most = useMemo(() => talkers(flows, part, MOST), [flows, part]);
  const highest = most[0]?.sum ?? 1;

  return (
    <Card size="small" title={t(`top.${part}`)} styles={{ body: { padding: 0 } }}>
      <Table<Talker>
        size="small"
        rowKey="name"
        dataSource={most}
        pagination={false}
        columns={[
          { title: t(`part.${part}`), render: (_, talker) => name(talker) },
          { title: <span className="unseen">{t("share")}</span>, width: "32%", render: (_, talker) => <Bar talker={talker} highest={highest} /> },
          { title: t("count"), align: "end", width: 90, render: (_, { sum }) => format(sum) },
        ]}
      />
    </Card>
  );
}

/** What the counts say again, by verdict. */
function Bar({ talker, highest }: { talker: Talker; highest: number }) {
  const { t } = useTranslation("flows");
  const format = useCount();
  const parts = shares(talker, highest);
  const text = parts.map(({ verdict }) => `${t(`common:verdict.${verdict}`)} ${format(talker.counts[verdict])}`).join(", ");
  let x = 0;
  return (
    <svg className="talker-bar" role="img" aria-label={text} height={14}>
      <title>{text}</title>
      {parts.map(({ verdict, percent }) => {
        const from = x;
        x += percent;
        return <rect key={verdict} x={`${from}%`} width={`${percent}%`} height={14} fill={`url(#talkers-${verdict})`} />;
      })}
    </svg>
  );
}
