// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Empty, Flex, Typography } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { useReview } from "../../change/review";
import { Loaded } from "../../components/loaded";
import { NodeStateTag } from "../../components/marks";
import { Time } from "../../components/time";
import type { Group } from "../../model/group";
import { type Member, membersOf } from "../../model/members";
import { useMay } from "../../session/session";
import { AddMembers } from "./add-members";
import "./security-group.css";

export function Members({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const nodes = useCollection("/v1/nodes");
  const may = useMay("operator");
  const managed = Boolean(group.head.managed_by);
  const members = useMemo(() => membersOf(group.head, nodes.data ?? []), [group.head, nodes.data]);

  return (
    <Loaded query={nodes}>
      {(all) => (
        <Flex vertical gap="middle">
          {managed && <Alert type="info" showIcon title={t("members-managed", { cluster: group.name })} />}
          {may && !managed && <AddMembers group={group} nodes={all} />}
          {members.length === 0 ? (
            <Empty
              image={Empty.PRESENTED_IMAGE_SIMPLE}
              description={t(managed ? "no-members-managed" : "no-members")}
            />
          ) : (
            <ul className="plain-rows">
              {members.map((member) => (
                <li key={member.node.id}>
                  <MemberRow group={group} member={member} removable={may && !member.byCluster} />
                </li>
              ))}
            </ul>
          )}
        </Flex>
      )}
    </Loaded>
  );
}

function MemberRow({ group, member, removable }: { group: Group; member: Member; removable: boolean }) {
  const { t } = useTranslation("security-group");
  const { node, interfaces } = member;
  const addresses = node.interfaces
    .filter(({ name }) => interfaces.length === 0 || interfaces.includes(name))
    .flatMap((each) => each.addresses ?? []);
  return (
    <Flex gap="middle" align="center" justify="space-between" wrap>
      <Flex vertical style={{ minWidth: 0 }}>
        <strong style={{ overflowWrap: "anywhere" }}>{node.name}</strong>
        <Typography.Text type="secondary" className="mono">
          {interfaces.length ? `${interfaces.join(", ")}: ` : ""}
          {addresses.join(", ") || t("no-address")}
        </Typography.Text>
      </Flex>
      <Flex gap="small" align="center" wrap>
        {node.state ? <NodeStateTag state={node.state} reason={node.reason} /> : t("no-agent")}
        {node.last_report && (
          <Typography.Text type="secondary">
            {t("reported")} <Time at={node.last_report} />
          </Typography.Text>
        )}
        {removable && <RemoveMember group={group} member={member} />}
      </Flex>
    </Flex>
  );
}

function RemoveMember({ group, member: { node, interfaces } }: { group: Group; member: Member }) {
  const { t } = useTranslation("security-group");
  const review = useReview();
  const [only] = interfaces;
  const remove = () =>
    review({
      title: t("remove-title", { node: node.name, name: group.name }),
      destructive: t("remove"),
      request: {
        method: "delete",
        path: "/v1/security-groups/{ref}/members/{node}",
        params: {
          path: { ref: group.head.id, node: node.id },
          query: interfaces.length === 1 && only ? { interface: only } : {},
        },
      },
      undo: () => ({
        title: t("add-title", { count: 1, name: group.name }),
        request: {
          method: "post",
          path: "/v1/security-groups/{ref}/members",
          params: { path: { ref: group.head.id } },
          body: { nodes: [node.id], ...(interfaces.length === 1 && only ? { interface: only } : {}) },
        },
      }),
    });
  return (
    <Button size="small" danger onClick={() => void remove()} aria-label={t("remove-node", { node: node.name })}>
      {t("remove")}
    </Button>
  );
}
