// SPDX-License-Identifier: Apache-2.0
import { Table } from "antd";
import { useTranslation } from "react-i18next";
import type { Look } from "./fills";
import type { Counts } from "./stack";
import { stepTime } from "./when";

type Row = { at: number } & Record<string, number>;

/** The steps in which anything happened, newest first. */
export function rowsOf({ begin, step, series }: Counts): Row[] {
  const places = series[0]?.values.length ?? 0;
  return Array.from({ length: places }, (_, i): Row => {
    const counts = Object.fromEntries(series.map(({ key, values }) => [key, values[i] ?? 0]));
    return { ...counts, at: begin + i * step };
  })
    .filter((row) => series.some(({ key }) => row[key]))
    .reverse();
}

export function OverTimeTable({ counts, days, looks }: { counts: Counts; days?: boolean; looks: Look[] }) {
  const { t, i18n } = useTranslation("charts");
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <Table<Row>
      size="small"
      rowKey="at"
      dataSource={rowsOf(counts)}
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false, size: "small" }}
      scroll={{ x: "max-content" }}
      columns={[
        { title: t("time"), dataIndex: "at", render: (at: number) => stepTime(at, counts.step, i18n.language, days) },
        ...looks.map(({ key, name }) => ({
          title: name,
          dataIndex: key,
          align: "end" as const,
          render: (count: number) => number.format(count),
        })),
      ]}
    />
  );
}
