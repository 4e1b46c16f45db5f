// SPDX-License-Identifier: Apache-2.0
import { Empty, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useCheckTitle } from "../../components/check-text";
import { SubjectLink } from "./finding-list";
import type { Audit } from "./findings";

type Item = Audit["unknown"][number];

/** Checks whose evidence is missing: they never count as passed. */
export function Unknown({ items }: { items: Item[] }) {
  const { t } = useTranslation("audit");
  const titleOf = useCheckTitle();
  if (items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("nothing-unknown")} />;
  return (
    <>
      <Typography.Paragraph type="secondary">{t("unknown-meaning")}</Typography.Paragraph>
      <Table<Item>
        size="small"
        rowKey={({ check, subject }) => `${check} ${subject.id}`}
        dataSource={items}
        pagination={items.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
        columns={[
          { title: t("check"), render: (_, { check }) => <span className="audit-title">{titleOf(check)}</span> },
          { title: t("where"), render: (_, { subject }) => <SubjectLink subject={subject} /> },
          { title: t("missing"), render: (_, { needs, nodes }) => t(`needs.${needs}`, { count: nodes }) },
        ]}
      />
    </>
  );
}
