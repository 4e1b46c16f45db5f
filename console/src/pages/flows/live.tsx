// SPDX-License-Identifier: Apache-2.0
// What nodes report from now on, as it comes.
import { CaretRightOutlined, PauseOutlined } from "@ant-design/icons";
import { Alert, Button, Empty, Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { VerdictTag } from "../../components/marks";
import { useNarrow } from "../../theme/theme";
import { BUFFER_MAX, type Flow, type Live as Line } from "./buffer";
import { FlowCard } from "./card";
import { Decider, Remote, Service, useCount, Way, Why } from "./cells";
import { verdicts } from "./filters";
import type { useFollow } from "./use-follow";

export function LiveFlows({ follow }: { follow: ReturnType<typeof useFollow> }) {
  const { t } = useTranslation("flows");
  const narrow = useNarrow();
  const { buffer, paused, pause, connected } = follow;

  return (
    <Flex vertical gap="small">
      {!connected && <Alert type="warning" showIcon title={t("not-following")} />}
      <Flex justify="space-between" align="center" gap="small" wrap>
        <Seen counts={buffer.counts} />
        <Flex align="center" gap="small" wrap>
          {paused && buffer.held > 0 && <span role="status">{t("waiting", { count: buffer.held })}</span>}
          <Button
            icon={paused ? <CaretRightOutlined /> : <PauseOutlined />}
            type={paused ? "primary" : "default"}
            onClick={() => pause(!paused)}
          >
            {t(paused ? "resume" : "pause")}
          </Button>
        </Flex>
      </Flex>
      {narrow ? <Cards lines={buffer.rows} /> : <Lines lines={buffer.rows} />}
      {buffer.rows.length === BUFFER_MAX && (
        <Typography.Text type="secondary">{t("newest", { count: BUFFER_MAX })}</Typography.Text>
      )}
    </Flex>
  );
}

function Seen({ counts }: { counts: Record<(typeof verdicts)[number], number> }) {
  const { t } = useTranslation("flows");
  const format = useCount();
  return (
    <Typography.Text type="secondary">
      {t("seen")}{" "}
      {verdicts.map((verdict, i) => (
        <span key={verdict}>
          {i > 0 && " · "}
          {t(`common:verdict.${verdict}`)} <strong>{format(counts[verdict])}</strong>
        </span>
      ))}
    </Typography.Text>
  );
}

function Nothing() {
  const { t } = useTranslation("flows");
  return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("listening")} />;
}

function Clock({ at }: { at: string }) {
  const { i18n } = useTranslation();
  const text = new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium", hourCycle: "h23" }).format(new Date(at));
  return <time dateTime={at}>{text}</time>;
}

function Cards({ lines }: { lines: Line[] }) {
  const { t } = useTranslation("flows");
  if (lines.length === 0) return <Nothing />;
  return (
    <Flex vertical gap="small">
      {lines.map(({ number, flow }) =>
        flow ? (
          <FlowCard key={number} flow={flow} when={<Clock at={flow.last} />} />
        ) : (
          <Typography.Text key={number} type="secondary">
            {t("missing")}
          </Typography.Text>
        ),
      )}
    </Flex>
  );
}

function Lines({ lines }: { lines: Line[] }) {
  const { t } = useTranslation("flows");
  const format = useCount();
  const cell = (draw: (flow: Flow) => React.ReactNode) => (_: unknown, { flow }: Line) => flow && draw(flow);
  if (lines.length === 0) return <Nothing />;
  return (
    <Table<Line>
      size="small"
      rowKey="number"
      dataSource={lines}
      pagination={false}
      virtual={lines.length > 50}
      scroll={lines.length > 50 ? { y: 560, x: 980 } : { x: 980 }}
      columns={[
        { title: t("time"), width: 84, render: cell((flow) => <Clock at={flow.last} />) },
        {
          title: t("verdict"),
          width: 136,
          render: (_, { flow }) =>
            flow ? <VerdictTag verdict={flow.verdict} /> : <Typography.Text type="secondary">{t("missing")}</Typography.Text>,
        },
        { title: t("node"), width: 136, ellipsis: true, render: cell((flow) => `${flow.name}${flow.interface ? ` · ${flow.interface}` : ""}`) },
        { title: t("direction.title"), width: 104, render: cell((flow) => <Way flow={flow} />) },
        { title: t("service"), width: 92, render: cell((flow) => <Service flow={flow} />) },
        { title: t("remote"), width: 150, render: cell((flow) => <Remote flow={flow} />) },
        { title: t("decided-by"), render: cell((flow) => <Decider flow={flow} />) },
        { title: t("count"), width: 64, align: "end", render: cell((flow) => format(flow.count)) },
        { title: <span className="unseen">{t("why")}</span>, width: 64, render: cell((flow) => <Why flow={flow} />) },
      ]}
    />
  );
}
