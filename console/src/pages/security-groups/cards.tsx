// SPDX-License-Identifier: Apache-2.0
import { Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { OwnerMark } from "../../components/group-marks";
import { groupLink, rulesLink } from "../../components/links";
import { Tags } from "../../components/tags";
import { isMadeDescription } from "../../model/group";
import type { GroupRow } from "./rows";

/** The same as the table, where that has no room. */
export function GroupCards({ rows }: { rows: GroupRow[] }) {
  const { t } = useTranslation("security-groups");
  return (
    <Flex vertical gap="small">
      {rows.map(({ group, name, network, cluster }) => (
        <Card key={group.id} size="small">
          <Flex vertical gap={6}>
            <Flex justify="space-between" gap="small" wrap>
              <Link to={groupLink(group.id)} style={{ fontWeight: 600, overflowWrap: "anywhere" }}>
                {name}
              </Link>
              <OwnerMark cluster={cluster} managed={Boolean(group.managed_by)} />
            </Flex>
            <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
              {group.id}
            </Typography.Text>
            {group.description && !isMadeDescription(group) && (
              <span style={{ overflowWrap: "anywhere" }}>{group.description}</span>
            )}
            <Tags tags={group.tags} />
            <Flex gap="middle" wrap>
              <Link to={rulesLink(group.id)}>{t("rule-count", { count: group.rule_count })}</Link>
              <Link to={`${groupLink(group.id)}?tab=members`}>{t("member-count", { count: group.member_count })}</Link>
              <span>{network}</span>
            </Flex>
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
