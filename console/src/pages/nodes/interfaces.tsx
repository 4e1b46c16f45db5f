// SPDX-License-Identifier: Apache-2.0
import { Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { groupLink } from "../../components/links";
import type { Node } from "../../model/node";

/** A node's interfaces with their addresses of each kind. */
export function Interfaces({ node }: { node: Node }) {
  const { t } = useTranslation("nodes");
  if (node.interfaces.length === 0) return <Typography.Text type="secondary">{t("no-interfaces")}</Typography.Text>;
  return (
    <ul className="row-cards">
      {node.interfaces.map((one) => (
        <li key={one.name} className="row-card">
          <div className="row-card-head">
            <span className="mono">{one.name}</span>
            <Typography.Text type="secondary">{t(`nic.${one.nic_type ?? "intranet"}`)}</Typography.Text>
          </div>
          <dl>
            <Line name={t("addresses")} list={one.addresses} />
            <Line name={t("elastic-ips")} list={one.elastic_ips} />
            <Line name={t("shared")} list={one.shared_addresses} />
            {one.security_groups?.length ? (
              <>
                <dt>{t("facts.groups")}</dt>
                <dd>
                  {one.security_groups.map((id) => (
                    <Link key={id} to={groupLink(id)} className="mono">
                      {id}{" "}
                    </Link>
                  ))}
                </dd>
              </>
            ) : null}
          </dl>
        </li>
      ))}
    </ul>
  );
}

function Line({ name, list }: { name: string; list: string[] | undefined }) {
  if (!list?.length) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd className="mono">{list.join(", ")}</dd>
    </>
  );
}
