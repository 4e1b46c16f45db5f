// SPDX-License-Identifier: Apache-2.0
import { EyeFilled } from "@ant-design/icons";
import { Card, Flex, Table, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { GroupLink } from "../../components/group-link";
import { VerdictTag } from "../../components/marks";
import { useNarrow } from "../../theme/theme";
import { packetText } from "./answer";
import { Cause, RuleText } from "./cause";
import type { Trace } from "./use-trace";

type TraceStep = Trace["steps"][number];
type Match = TraceStep["matches"][number];

/** One end: the packet as it meets the node, what decides, and every rule that matches, in deciding order. */
export function Step({ step, number, of }: { step: TraceStep; number: number; of: number }) {
  const { t } = useTranslation("trace");
  const narrow = useNarrow();
  const { from, to, protocol } = packetText(step);

  return (
    <Card
      size="small"
      title={
        <Flex gap={8} wrap align="center" style={{ whiteSpace: "normal", padding: "4px 0" }}>
          {of > 1 && <span>{t("step", { number, of })}</span>}
          <span>{t(`way.${step.direction}`, { node: step.node, interface: step.interface })}</span>
          <VerdictTag verdict={step.verdict} />
          {step.monitored && (
            <Tooltip title={t("monitored-meaning")}>
              <Tag color="warning" icon={<EyeFilled />} tabIndex={0}>
                {t("common:node-state.monitored")}
              </Tag>
            </Tooltip>
          )}
        </Flex>
      }
    >
      <Flex vertical gap={8}>
        <span className="mono">
          {protocol} {from} → {to}
        </span>
        {/* What a rule decides is the first line of the table. */}
        {step.matches[0]?.outcome !== "decided" && <Cause step={step} />}
        {step.matches.length === 0 ? null : narrow ? (
          <MatchList matches={step.matches} />
        ) : (
          <MatchTable matches={step.matches} />
        )}
      </Flex>
    </Card>
  );
}

function Outcome({ match }: { match: Match }) {
  const { t } = useTranslation("trace");
  const decided = match.outcome === "decided";
  return (
    <Flex vertical>
      <Typography.Text strong={decided} type={decided ? undefined : "secondary"}>
        {t(`match.${match.outcome}`)}
      </Typography.Text>
      {match.other_group && <Typography.Text type="secondary">{t("other-group")}</Typography.Text>}
    </Flex>
  );
}

function MatchTable({ matches }: { matches: Match[] }) {
  const { t } = useTranslation("trace");
  return (
    <Table<Match>
      size="small"
      rowKey="rule"
      dataSource={matches}
      pagination={matches.length > 20 ? { pageSize: 20 } : false}
      caption={<span className="unseen">{t("matches")}</span>}
      columns={[
        { title: t("outcome-title"), render: (_, match) => <Outcome match={match} />, width: 220 },
        { title: t("policy"), width: 100, render: (_, { policy }) => <VerdictTag verdict={policy} /> },
        { title: t("priority"), dataIndex: "priority", width: 90, align: "right" },
        { title: t("rule"), render: (_, { text, rule }) => <RuleLine text={text} rule={rule} /> },
        {
          title: t("group"),
          render: (_, { group, group_name }) => <GroupLink group={group} name={group_name} />,
        },
      ]}
    />
  );
}

function RuleLine({ text, rule }: { text: string; rule: string }) {
  return (
    <Flex vertical>
      <RuleText text={text} />
      <Typography.Text type="secondary" className="mono">
        {rule}
      </Typography.Text>
    </Flex>
  );
}

function MatchList({ matches }: { matches: Match[] }) {
  const { t } = useTranslation("trace");
  return (
    <ol className="trace-matches" aria-label={t("matches")}>
      {matches.map((match) => (
        <li key={match.rule}>
          <Flex vertical gap={4}>
            <Outcome match={match} />
            <RuleLine text={match.text} rule={match.rule} />
            <Flex gap={8} wrap>
              <VerdictTag verdict={match.policy} />
              <span>
                {t("priority")} {match.priority}
              </span>
              <GroupLink group={match.group} name={match.group_name} />
            </Flex>
          </Flex>
        </li>
      ))}
    </ol>
  );
}
