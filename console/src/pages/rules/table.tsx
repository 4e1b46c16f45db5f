// SPDX-License-Identifier: Apache-2.0
import { LockOutlined } from "@ant-design/icons";
import { type GetRef, Table } from "antd";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RuleHits } from "../../components/charts/use-rule-hits";
import { type NameOf, ruleText } from "../../model/rule-text";
import type { RuleActions } from "./actions";
import { type Row, useColumns } from "./columns";
import type { Fixed } from "./fixed";
import type { RuleRow, Sort, SortField } from "./select";

/** From so many rows on only those on the screen are drawn. */
const VIRTUAL_FROM = 60;
const SELECTION_WIDTH = 30;

export type RuleTableProps = {
  group: string;
  before: Fixed[];
  rows: RuleRow[];
  after: Fixed[];
  nameOf: NameOf;
  hits: RuleHits;
  /** The rule that a link was about: it is marked and in sight. */
  marked?: string;
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
  const { before, rows, after, marked } = props;
  const frame = useRef<HTMLDivElement>(null);
  const table = useRef<GetRef<typeof Table>>(null);
  const virtual = rows.length >= VIRTUAL_FROM;
  const height = useHeightBelow(frame, virtual);
  const columns = useColumns(props);
  const data = useMemo<Row[]>(
    // New objects whenever the columns draw something else: a cell is only drawn again when its row is another.
    () => [
      ...before.map((fixed) => ({ fixed })),
      ...rows.map((row) => ({ ...row })),
      ...after.map((fixed) => ({ fixed })),
    ],
    [before, rows, after, columns],
  );

  const hasMarked = rows.some(({ rule }) => rule.id === marked);
  useEffect(() => {
    if (hasMarked && marked) table.current?.scrollTo({ key: marked });
  }, [hasMarked, marked]);

  // Ant Design measures a table that it scrolls by a hidden copy of its headings, in which keys can get lost.
  const width = columns.reduce((sum, { width: each }) => sum + Number(each), SELECTION_WIDTH);

  return (
    <div ref={frame} className="rule-table">
      <Table<Row>
        ref={table}
        size="small"
        virtual={virtual}
        rowKey={keyOf}
        rowClassName={(row) => ("fixed" in row ? "fixed-rule" : row.rule.id === marked ? "marked-rule" : "")}
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
