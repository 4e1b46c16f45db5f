// SPDX-License-Identifier: Apache-2.0
// Counts over time as stacked columns, with a table behind.
import { Card, Empty, Flex, Segmented, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import "./charts.css";
import { Legend, type Look } from "./fills";
import { OverTimeTable } from "./over-time-table";
import { total } from "./scale";
import { type Counts } from "./stack";
import { StackedColumns } from "./stacked-columns";

export type OverTimeProps = {
  title: ReactNode;
  counts: Counts;
  /** From when on it is known, Unix ms. */
  since: number;
  /** Days of UTC instead of times of the day. */
  days?: boolean;
  looks: Look[];
  extra?: ReactNode;
};

export function OverTime({ title, counts, since, days, looks, extra }: OverTimeProps) {
  const { t } = useTranslation("charts");
  const [view, setView] = useState<"picture" | "table">("picture");
  const isEmpty = counts.series.every(({ values }) => total(values) === 0);

  return (
    <Card
      size="small"
      // On a telephone it takes two lines.
      title={<span style={{ whiteSpace: "normal" }}>{title}</span>}
      extra={
        <Segmented
          size="small"
          aria-label={t("view")}
          value={view}
          onChange={setView}
          options={[
            { value: "picture", label: t("picture") },
            { value: "table", label: t("table") },
          ]}
        />
      }
    >
      <Flex vertical gap="small">
        {isEmpty ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("empty")} />
        ) : view === "picture" ? (
          <StackedColumns counts={counts} since={since} days={days} looks={looks} />
        ) : (
          <OverTimeTable counts={counts} days={days} looks={looks} />
        )}
        <Flex justify="space-between" gap="small" wrap>
          {extra}
          <Typography.Text type="secondary">
            <Flex gap="middle" wrap>
              <Legend looks={looks} />
            </Flex>
          </Typography.Text>
        </Flex>
      </Flex>
    </Card>
  );
}
