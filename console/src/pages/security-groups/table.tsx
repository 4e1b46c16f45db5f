// SPDX-License-Identifier: Apache-2.0
import { Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { OwnerMark } from "../../components/group-marks";
import { groupLink, rulesLink } from "../../components/links";
import { Tags } from "../../components/tags";
import { isMadeDescription } from "../../model/group";
import type { GroupRow } from "./rows";

export function GroupTable({ rows }: { rows: GroupRow[] }) {
  const { t } = useTranslation("security-groups");
  return (
    <Table<GroupRow>
      size="middle"
      rowKey={({ group }) => group.id}
      dataSource={rows}
      pagination={rows.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      scroll={{ x: 860 }}
      columns={[
        {
          title: t("group"),
          sorter: (a, b) => a.name.localeCompare(b.name),
          render: (_, { group, name }) => (
            <Flex vertical>
              <Link to={groupLink(group.id)} style={{ fontWeight: 600, overflowWrap: "anywhere" }}>
                {name}
              </Link>
              <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
                {group.id}
              </Typography.Text>
            </Flex>
          ),
          width: 220,
        },
        {
          title: t("belongs-to"),
          render: (_, { group, cluster }) => <OwnerMark cluster={cluster} managed={Boolean(group.managed_by)} />,
          width: 150,
        },
        { title: t("network"), dataIndex: "network", sorter: (a, b) => a.network.localeCompare(b.network), width: 120 },
        {
          title: t("inner-access"),
          render: (_, { group }) => t(`inner.${group.inner_access}`),
          width: 130,
        },
        {
          title: t("rules"),
          align: "end",
          sorter: (a, b) => a.group.rule_count - b.group.rule_count,
          render: (_, { group }) => <Link to={rulesLink(group.id)}>{group.rule_count}</Link>,
          width: 90,
        },
        {
          title: t("members"),
          align: "end",
          sorter: (a, b) => a.group.member_count - b.group.member_count,
          render: (_, { group }) => <Link to={`${groupLink(group.id)}?tab=members`}>{group.member_count}</Link>,
          width: 100,
        },
        {
          title: t("description-and-tags"),
          render: (_, { group }) => (
            <Flex vertical gap={4}>
              {!isMadeDescription(group) && (
                <span className="two-lines" title={group.description}>
                  {group.description}
                </span>
              )}
              <Tags tags={group.tags} most={2} />
            </Flex>
          ),
        },
      ]}
    />
  );
}
