// SPDX-License-Identifier: Apache-2.0
// A list of things: a table where there is room, cards where there is not; only a page of it is drawn at a time.
import { Flex, Pagination, Table } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../theme/theme";
import { EmptyState } from "./empty";
import "./rows.css";

export type Column<T> = {
  key: string;
  title: string;
  render: (row: T) => ReactNode;
  sort?: (a: T, b: T) => number;
  width?: number;
  align?: "right";
  /** "head" is what a card is called, "state" stands beside it, "actions" below all; others are lines of it. */
  card?: "head" | "state" | "actions" | "none";
};

const PAGE = 25;

type Props<T> = {
  rows: T[];
  rowKey: (row: T) => string;
  columns: Column<T>[];
  /** Of the list as a whole, for screen readers. */
  label: string;
  empty: ReactNode;
};

export function Rows<T extends object>(props: Props<T>) {
  const narrow = useNarrow();
  if (props.rows.length === 0) return <>{typeof props.empty === "string" ? <EmptyState text={props.empty} /> : props.empty}</>;
  return narrow ? <Cards {...props} /> : <Wide {...props} />;
}

function Wide<T extends object>({ rows, rowKey, columns, label }: Props<T>) {
  const { t } = useTranslation();
  // The table's own way to scroll adds styles that the Content-Security-Policy refuses.
  return (
    <div className="rows-scroll">
      <Table<T>
        size="middle"
        aria-label={label}
        rowKey={rowKey}
        dataSource={rows}
        pagination={{
          pageSize: PAGE,
          hideOnSinglePage: true,
          showSizeChanger: false,
          showTotal: (count) => t("total", { count }),
        }}
        columns={columns.map(({ key, title, render, sort, width, align }) => ({
          key,
          title: title || <span className="unseen">{t("actions")}</span>,
          render: (_: unknown, row: T) => render(row),
          sorter: sort,
          showSorterTooltip: false,
          width,
          align,
        }))}
      />
    </div>
  );
}

function Cards<T extends object>({ rows, rowKey, columns, label }: Props<T>) {
  const [page, setPage] = useState(1);
  const shown = rows.slice((page - 1) * PAGE, page * PAGE);
  return (
    <Flex vertical gap="middle">
      <ul className="row-cards" aria-label={label}>
        {shown.map((row) => (
          <li key={rowKey(row)} className="row-card">
            <Card row={row} columns={columns} />
          </li>
        ))}
      </ul>
      {rows.length > PAGE && (
        <Pagination
          simple
          align="center"
          current={page}
          pageSize={PAGE}
          total={rows.length}
          showSizeChanger={false}
          onChange={setPage}
        />
      )}
    </Flex>
  );
}

function Card<T>({ row, columns }: { row: T; columns: Column<T>[] }) {
  const part = (kind: Column<T>["card"]) => columns.filter(({ card }) => card === kind);
  return (
    <>
      <div className="row-card-head">
        {part("head").map(({ key, render }) => (
          <span key={key}>{render(row)}</span>
        ))}
        {part("state").map(({ key, render }) => (
          <span key={key}>{render(row)}</span>
        ))}
      </div>
      <dl>
        {part(undefined).map(({ key, title, render }) => (
          <Line key={key} title={title} value={render(row)} />
        ))}
      </dl>
      {part("actions").map(({ key, render }) => (
        <div key={key} className="row-card-actions">
          {render(row)}
        </div>
      ))}
    </>
  );
}

function Line({ title, value }: { title: string; value: ReactNode }) {
  if (value === null || value === undefined || value === "") return null;
  return (
    <>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </>
  );
}
