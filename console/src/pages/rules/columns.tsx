// SPDX-License-Identifier: Apache-2.0
import { LockOutlined } from "@ant-design/icons";
import { Flex, type TableColumnType, Typography } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { RuleHits } from "../../components/charts/use-rule-hits";
import { VerdictTag } from "../../components/marks";
import { type NameOf, objectKind, ruleText } from "../../model/rule-text";
import { ActionsCell, type RuleActions } from "./actions";
import { CreatedCell, DescriptionCell, FindingsCell, HitsCell, ObjectCell, PortsCell, ProtocolCell } from "./cells";
import type { Fixed } from "./fixed";
import type { RuleRow, Sort, SortField } from "./select";

/** A line of the table: a rule of people, or what decides beside them. */
export type Row = RuleRow | { fixed: Fixed };
export type Column = TableColumnType<Row>;

/** What a rule says, then what is known of it. */
export function useColumns(given: {
  group: string;
  nameOf: NameOf;
  sort: Sort;
  hits: RuleHits;
  actions: RuleActions | null;
}): Column[] {
  const { group, nameOf, sort, hits, actions } = given;
  const { t } = useTranslation("rules");
  return useMemo(() => {
    const column = (key: SortField | "type" | "description" | "actions", width: number, more: Column): Column => ({
      key,
      title: t(`column.${key}`),
      width,
      shouldCellUpdate: (row, old) => row !== old,
      ...(key === "type" || key === "description" || key === "actions"
        ? {}
        : { sorter: true, sortOrder: sort.field === key ? (sort.descending ? "descend" : "ascend") : null }),
      ...more,
    });
    const ofRule = (
      draw: (row: RuleRow) => React.ReactNode,
      drawFixed: (fixed: Fixed) => React.ReactNode = () => null,
    ) => ({ render: (_, row) => ("fixed" in row ? drawFixed(row.fixed) : draw(row)) }) as Column;
    // What a fixed row has to say goes over the columns that it has nothing for.
    const spanned = (span: number): Column => ({ onCell: (row) => ("fixed" in row ? { colSpan: span } : {}) });
    return [
      column(
        "policy",
        78,
        ofRule(
          ({ rule }) => <VerdictTag verdict={rule.policy} />,
          ({ policy }) => <VerdictTag verdict={policy} />,
        ),
      ),
      column(
        "protocol",
        84,
        ofRule(
          ({ rule }) => <ProtocolCell protocol={rule.protocol} />,
          ({ protocol }) => <ProtocolCell protocol={protocol} />,
        ),
      ),
      column(
        "ports",
        80,
        ofRule(
          ({ rule }) => <PortsCell rule={rule} />,
          ({ ports }) => ports || t("no-ports"),
        ),
      ),
      column(
        "type",
        100,
        ofRule(
          ({ rule }) => t(`type.${objectKind(rule.object)}`),
          ({ kind }) => t(`fixed-kind.${kind}`),
        ),
      ),
      column(
        "object",
        122,
        ofRule(
          ({ rule }) => <ObjectCell rule={rule} nameOf={nameOf} />,
          (fixed) => <FixedObject fixed={fixed} />,
        ),
      ),
      column("priority", 78, {
        align: "end",
        ...ofRule(
          ({ rule }) => rule.priority,
          ({ kind }) => t(`fixed-order.${kind}`),
        ),
      }),
      column("description", 84, {
        ...spanned(5),
        ...ofRule(
          ({ rule }) => <DescriptionCell text={rule.description} />,
          ({ text }) => <span style={{ fontSize: 12 }}>{t(`fixed-text.${text}`)}</span>,
        ),
      }),
      column("hits", 80, {
        ...spanned(0),
        ...ofRule(({ rule }) => <HitsCell rule={rule} hours={hits.get(rule.id)} />),
      }),
      column("created", 80, { ...spanned(0), ...ofRule(({ rule }) => <CreatedCell rule={rule} />) }),
      column("findings", 104, { ...spanned(0), ...ofRule(({ findings }) => <FindingsCell findings={findings} />) }),
      column("actions", 104, {
        className: "rule-actions",
        ...spanned(0),
        ...ofRule(({ rule }) => (
          <ActionsCell group={group} rule={rule} text={ruleText(rule, nameOf)} actions={actions} />
        )),
      }),
    ];
  }, [t, group, nameOf, sort, hits, actions]);
}

function FixedObject({ fixed }: { fixed: Fixed }) {
  const { t } = useTranslation("rules");
  return fixed.remotes ? <span className="mono">{fixed.remotes.join(", ")}</span> : t(`fixed-object.${fixed.text}`);
}

/** A fixed row as one line of words, for cards. */
export function FixedLine({ fixed }: { fixed: Fixed }) {
  const { t } = useTranslation("rules");
  return (
    <Flex gap="small" align="center" wrap className="fixed-rule fixed-line">
      <VerdictTag verdict={fixed.policy} />
      <span>
        <LockOutlined aria-hidden /> {t(`fixed-kind.${fixed.kind}`)}: <FixedObject fixed={fixed} />
      </span>
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {t(`fixed-text.${fixed.text}`)}
      </Typography.Text>
    </Flex>
  );
}
