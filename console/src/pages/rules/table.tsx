// SPDX-License-Identifier: Apache-2.0
import { LockOutlined } from "@ant-design/icons";
import { Flex, Table, type TableColumnType, Typography } from "antd";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { VerdictTag } from "../../components/marks";
import { type NameOf, objectKind, ruleText } from "../../model/rule-text";
import { ActionsCell, type RuleActions } from "./actions";
import { CreatedCell, DescriptionCell, FindingsCell, HitsCell, ObjectCell, PortsCell, ProtocolCell } from "./cells";
import type { Fixed } from "./fixed";
import type { RuleRow, Sort, SortField } from "./select";

type Row = RuleRow | { fixed: Fixed };
type Column = TableColumnType<Row>;

/** From so many rows on only those on the screen are drawn. */
const VIRTUAL_FROM = 60;
const SELECTION_WIDTH = 36;

export type RuleTableProps = {
  group: string;
  before: Fixed[];
  rows: RuleRow[];
  after: Fixed[];
  nameOf: NameOf;
  sort: Sort;
  onSort: (sort: Sort | null) => void;
  selected: string[];
  onSelect: (ids: string[]) => void;
  /** Null: who is signed in may only look. */
  actions: RuleActions | null;
};

const keyOf = (row: Row) => ("fixed" in row ? row.fixed.key : row.rule.id);

export function RuleTable(props: RuleTableProps) {
  const { t } = useTranslation("rules");
  const { before, rows, after } = props;
  const frame = useRef<HTMLDivElement>(null);
  const virtual = rows.length >= VIRTUAL_FROM;
  const height = useHeightBelow(frame, virtual);
  const columns = useColumns(props);
  const data = useMemo<Row[]>(
    // New objects whenever the columns draw something else: a cell is only drawn again when its row is another.
    () => [...before.map((fixed) => ({ fixed })), ...rows.map((row) => ({ ...row })), ...after.map((fixed) => ({ fixed }))],
    [before, rows, after, columns],
  );

  // Ant Design measures a table that it scrolls by a hidden copy of its headings, in which keys can get lost.
  const width = columns.reduce((sum, { width: each }) => sum + Number(each), SELECTION_WIDTH);

  return (
    <div ref={frame} className="rule-table">
      <Table<Row>
        size="small"
        virtual={virtual}
        rowKey={keyOf}
        rowClassName={(row) => ("fixed" in row ? "fixed-rule" : "")}
        dataSource={data}
        columns={columns}
        pagination={false}
        tableLayout="fixed"
        {...(virtual ? { scroll: { x: width, y: height } } : { style: { minWidth: width } })}
        rowSelection={
          props.actions
            ? {
                columnWidth: SELECTION_WIDTH,
                selectedRowKeys: props.selected,
                onChange: (keys) => props.onSelect(keys.map(String)),
                getCheckboxProps: (row) => ({
                  disabled: "fixed" in row,
                  "aria-label": "fixed" in row ? t("fixed") : t("select", { rule: ruleText(row.rule, props.nameOf) }),
                }),
                getTitleCheckboxProps: () => ({ "aria-label": t("select-all") }),
                renderCell: (_, row, __, box) => ("fixed" in row ? <LockOutlined aria-label={t("fixed")} /> : box),
              }
            : undefined
        }
        onChange={(_, __, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          props.onSort(one?.order ? { field: one.columnKey as SortField, descending: one.order === "descend" } : null);
        }}
      />
    </div>
  );
}

/** The columns: what a rule says, then what is known of it. */
function useColumns({ group, nameOf, sort, actions }: RuleTableProps): Column[] {
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
    const ofRule = (draw: (row: RuleRow) => React.ReactNode, drawFixed: (fixed: Fixed) => React.ReactNode = () => null) =>
      ({ render: (_, row) => ("fixed" in row ? drawFixed(row.fixed) : draw(row)) }) as Column;
    // What a fixed row has to say goes over the columns that it has nothing for.
    const spanned = (span: number): Column => ({ onCell: (row) => ("fixed" in row ? { colSpan: span } : {}) });
    return [
      column("policy", 84, ofRule(
        ({ rule }) => <VerdictTag verdict={rule.policy} />,
        ({ policy }) => <VerdictTag verdict={policy} />,
      )),
      column("protocol", 90, ofRule(
        ({ rule }) => <ProtocolCell protocol={rule.protocol} />,
        ({ protocol }) => <ProtocolCell protocol={protocol} />,
      )),
      column("ports", 96, ofRule(({ rule }) => <PortsCell rule={rule} />, ({ ports }) => ports || t("no-ports"))),
      column("type", 112, ofRule(
        ({ rule }) => t(`type.${objectKind(rule.object)}`),
        ({ kind }) => t(`fixed-kind.${kind}`),
      )),
      column("object", 148, ofRule(({ rule }) => <ObjectCell rule={rule} nameOf={nameOf} />, (fixed) => (
        <FixedObject fixed={fixed} />
      ))),
      column("priority", 86, {
        align: "end",
        ...ofRule(({ rule }) => rule.priority, ({ kind }) => t(`fixed-order.${kind}`)),
      }),
      column("description", 130, {
        ...spanned(5),
        ...ofRule(
          ({ rule }) => <DescriptionCell text={rule.description} />,
          ({ text }) => <span style={{ fontSize: 12 }}>{t(`fixed-text.${text}`)}</span>,
        ),
      }),
      column("hits", 76, { ...spanned(0), ...ofRule(({ rule }) => <HitsCell rule={rule} />) }),
      column("created", 96, { ...spanned(0), ...ofRule(({ rule }) => <CreatedCell rule={rule} />) }),
      column("findings", 100, { ...spanned(0), ...ofRule(({ findings }) => <FindingsCell findings={findings} />) }),
      column("actions", 116, {
        className: "rule-actions",
        ...spanned(0),
        ...ofRule(({ rule }) => <ActionsCell group={group} rule={rule} text={ruleText(rule, nameOf)} actions={actions} />),
      }),
    ];
  }, [t, group, nameOf, sort, actions]);
}

const HEAD = 40;
const MARGIN = 24;

/** How high a table may be that begins where the frame does and ends with the window. */
function useHeightBelow(frame: React.RefObject<HTMLDivElement | null>, wanted: boolean): number {
  const [height, setHeight] = useState(480);
  useLayoutEffect(() => {
    if (!wanted) return;
    const measure = () => {
      const top = (frame.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
      setHeight(Math.max(320, window.innerHeight - top - HEAD - MARGIN));
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [frame, wanted]);
  return height;
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
