// SPDX-License-Identifier: Apache-2.0
import { Empty, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import type { Schemas } from "../api/client";
import { useNameOf } from "../model/names";
import { clusterLink, groupLink, rulesLink } from "./links";

type Referrer = Schemas["Referrer"];

function address({ kind, id, rule }: Referrer): string | null {
  if (kind === "security_group") return rule ? `${rulesLink(id)}?q=${encodeURIComponent(rule)}` : groupLink(id);
  return kind === "cluster" ? clusterLink(id) : null;
}

/** Who refers to an object, each with a link to where that stands. */
export function Referrers({ referrers, empty }: { referrers: Schemas["Referrers"]; empty: string }) {
  const { t } = useTranslation("security-group");
  const nameOf = useNameOf();
  if (referrers.items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} />;
  return (
    <Flex vertical gap="small">
      <ul className="plain-rows">
        {referrers.items.map((item) => {
          const to = address(item);
          const name = item.kind === "security_group" ? nameOf(item.id) : item.name || item.id;
          return (
            <li key={`${item.kind} ${item.id} ${item.rule}`}>
              <Flex gap="small" wrap>
                <Typography.Text type="secondary">{t(`kind-of.${item.kind}`)}</Typography.Text>
                {to ? <Link to={to}>{name}</Link> : <strong>{name}</strong>}
                {item.rule && <span className="mono">{item.rule}</span>}
              </Flex>
            </li>
          );
        })}
      </ul>
      {!referrers.complete && <span>{t("referrers-cut", { count: referrers.items.length })}</span>}
    </Flex>
  );
}
