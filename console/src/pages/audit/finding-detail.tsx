// SPDX-License-Identifier: Apache-2.0
import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { $api, type Schemas } from "../../api/client";
import { serviceText } from "../../change/traffic";
import { useCheckText } from "../../components/check-text";
import { GroupLink, useGroupName } from "../../components/group-link";
import { traceLink, traceRuleLink } from "../../components/links";
import { formatEnd, hasPorts } from "../trace/ends";
import type { Finding } from "./findings";

type Rule = Schemas["Rule"];

/** Why a finding matters, what to do, which rules cause it, and a packet that shows it. */
export function FindingDetail({ finding }: { finding: Finding }) {
  const { t } = useTranslation("audit");
  const text = useCheckText()(finding);
  return (
    <dl className="facts audit-facts">
      <dt>{t("reason")}</dt>
      <dd>{text.reason}</dd>
      <dt>{t("mend")}</dt>
      <dd>{text.mend}</dd>
      {finding.rules.length > 0 && (
        <>
          <dt>{t("rules")}</dt>
          <dd>
            <Flex vertical gap={4}>
              {finding.rules.map((rule) => (
                <OneRule key={rule} group={finding.group} rule={rule} />
              ))}
              <span>
                {t("in-group")} <GroupLink group={finding.group} />
              </span>
            </Flex>
          </dd>
        </>
      )}
      {finding.witness && (
        <>
          <dt>{t("witness")}</dt>
          <dd>
            <Witness witness={finding.witness} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Witness({ witness }: { witness: NonNullable<Finding["witness"]> }) {
  const { t } = useTranslation("audit");
  const { protocol, remote, node, local_port } = witness;
  const end = formatEnd({ who: node, port: hasPorts(protocol) ? local_port : undefined, protocol });
  return (
    <>
      <span className="mono">
        {remote} → {end}
      </span>{" "}
      <Link to={traceLink(remote, end, witness.interface)}>{t("why")}</Link>
    </>
  );
}

function OneRule({ group, rule }: { group: string; rule: string }) {
  const { t } = useTranslation("audit");
  const text = useRuleText();
  const query = $api.useQuery("get", "/v1/security-groups/{ref}/rules/{rule}", {
    params: { path: { ref: group, rule } },
  });
  return (
    <span>
      {query.data ? <code className="mono">{text(query.data)}</code> : null}{" "}
      <Typography.Text type="secondary" className="mono">
        {rule}
      </Typography.Text>{" "}
      <Link to={traceRuleLink(group, rule)}>{t("why")}</Link>
    </span>
  );
}

/** "allow tcp 22 from 0.0.0.0/0", as the command line writes rules. */
function useRuleText(): (rule: Rule) => string {
  const groupName = useGroupName();
  return ({ policy, protocol, ports, direction, object }) => {
    const remote =
      "cidr" in object
        ? object.cidr
        : "group" in object
          ? `group:${groupName(object.group)}`
          : `prefix-list:${object.prefix_list}`;
    const word = policy === "accept" ? "allow" : "drop";
    return `${word} ${serviceText(`${protocol}`, [ports])} ${direction === "ingress" ? "from" : "to"} ${remote}`;
  };
}
