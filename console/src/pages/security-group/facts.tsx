// SPDX-License-Identifier: Apache-2.0
import { Button, Descriptions, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { useReview } from "../../change/review";
import { Copyable } from "../../components/copyable";
import { OwnerMark } from "../../components/group-marks";
import { groupLink, rulesLink } from "../../components/links";
import { Tags } from "../../components/tags";
import { type Group, isMadeDescription } from "../../model/group";
import { useMay } from "../../session/session";

export function Facts({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const { head, cluster, network } = group;
  return (
    <Descriptions
      bordered
      size="small"
      column={{ xs: 1, sm: 1, md: 1, lg: 2 }}
      items={[
        { key: "id", label: t("id"), children: <Copyable text={head.id} /> },
        { key: "name", label: t("name"), children: head.name },
        {
          key: "owner",
          label: t("belongs-to"),
          children: <OwnerMark cluster={cluster} managed={Boolean(head.managed_by)} />,
        },
        {
          key: "network",
          label: t("network"),
          children: network ? `${network.name} (${t(`network-kind.${network.kind}`)})` : head.network,
        },
        { key: "kind", label: t("kind"), children: t(`kinds.${head.kind}`) },
        { key: "inner", label: t("inner-access"), children: <InnerAccess group={group} /> },
        {
          key: "rules",
          label: t("rules"),
          children: <Link to={rulesLink(head.id)}>{t("rule-count", { count: head.rule_count })}</Link>,
        },
        {
          key: "members",
          label: t("members"),
          children: (
            <Link to={`${groupLink(head.id)}?tab=members`}>{t("member-count", { count: head.member_count })}</Link>
          ),
        },
        { key: "midstream", label: t("midstream"), children: t(`midstreams.${head.midstream}`) },
        {
          key: "description",
          label: t("description"),
          children: isMadeDescription(head) ? (
            t("made-description", { cluster: group.name })
          ) : (
            head.description || <Typography.Text type="secondary">{t("no-description")}</Typography.Text>
          ),
        },
        ...(Object.keys(head.tags ?? {}).length > 0
          ? [{ key: "tags", label: t("tags"), children: <Tags tags={head.tags} />, span: "filled" as const }]
          : []),
      ]}
    />
  );
}

/** Whether members reach each other, and the way to change that. */
function InnerAccess({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const may = useMay("operator");
  const review = useReview();
  const { id, inner_access, kind } = group.head;
  const next = inner_access === "accept" ? "drop" : "accept";
  const request = (policy: "accept" | "drop") => ({
    title: t(`inner-title.${policy}`, { name: group.name }),
    request: {
      method: "patch" as const,
      path: "/v1/security-groups/{ref}" as const,
      params: { path: { ref: id } },
      body: { inner_access: policy },
    },
  });

  return (
    <Flex gap="small" align="center" wrap>
      {t(`inner.${inner_access}`)}
      {may && kind === "basic" && (
        <Button size="small" onClick={() => void review({ ...request(next), undo: () => request(inner_access) })}>
          {t(`inner-change.${next}`)}
        </Button>
      )}
    </Flex>
  );
}
