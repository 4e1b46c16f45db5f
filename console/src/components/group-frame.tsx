// SPDX-License-Identifier: Apache-2.0
import { Alert, Flex } from "antd";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router-dom";
import { useCollection } from "../api/collect";
import type { Group } from "../model/group";
import { type Member, membersOf } from "../model/members";
import { groupLink, rulesLink } from "./links";
import { NodeStateTag } from "./marks";
import { Page } from "./page";
import { TabStrip } from "./tab-strip";

/** Parts of a group's pages in their order; "rules" has a page of its own. */
export const GROUP_TABS = ["facts", "rules", "members", "referrers", "history"] as const;
export type GroupTab = (typeof GROUP_TABS)[number];

/** Every page of a security group: where it stands, its name, the tabs, and who does not enforce it. */
export function GroupFrame(props: { group: Group; tab: GroupTab; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation("security-group");
  const { group, tab } = props;
  const navigate = useNavigate();
  const address = (next: string) =>
    next === "rules" ? rulesLink(group.head.id) : groupLink(group.head.id) + (next === "facts" ? "" : `?tab=${next}`);

  return (
    <Page
      title={tab === "rules" ? t("rules-of", { name: group.name }) : group.name}
      crumbs={[
        { text: t("groups"), to: "/security-groups" },
        ...(tab === "rules" ? [{ text: group.name, to: groupLink(group.head.id) }] : []),
      ]}
      actions={props.actions}
    >
      <TabStrip
        label={group.name}
        active={tab}
        onChange={(next) => navigate(address(next))}
        items={GROUP_TABS.map((key) => ({ key, label: t(`tabs.${key}`) }))}
      />
      <Shortfall group={group} />
      {props.children}
    </Page>
  );
}

/** Members on which the rules are not fully in force. */
export function shortfall(members: Member[]): Member[] {
  return members.filter(({ node: { agent, state } }) => agent === "managed" && state !== "connected");
}

/** Says so where rules are not what nodes do: some are monitored, degraded or offline. */
function Shortfall({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const { data } = useCollection("/v1/nodes");
  const members = useMemo(() => membersOf(group.head, data ?? []), [group.head, data]);
  const managed = members.filter(({ node }) => node.agent === "managed").length;
  const short = shortfall(members);

  if (short.length === 0) return null;
  return (
    <Alert
      type="warning"
      showIcon
      title={
        <Flex gap="small" align="center" wrap>
          {t("enforced-by", { enforcing: managed - short.length, count: managed })}
          {short.slice(0, 6).map(({ node }) => (
            <span key={node.id}>
              {node.name} {node.state && <NodeStateTag state={node.state} reason={node.reason} />}
            </span>
          ))}
          {short.length > 6 && (
            <Link to={`${groupLink(group.head.id)}?tab=members`}>{t("more", { count: short.length - 6 })}</Link>
          )}
        </Flex>
      }
    />
  );
}
