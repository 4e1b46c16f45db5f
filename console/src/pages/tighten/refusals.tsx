// SPDX-License-Identifier: Apache-2.0
import { Table } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { serviceText } from "../../change/traffic";
import { traceLink } from "../../components/links";
import { Time } from "../../components/time";
import { formatEnd, hasPorts } from "../trace/ends";
import type { Refusal } from "./options";

/** Flows that were seen and would be refused, and why. */
export function Refusals({ items }: { items: Refusal[] }) {
  const { t } = useTranslation("tighten");
  return (
    <Table<Refusal>
      size="small"
      rowKey={(item) => `${item.node} ${item.interface} ${item.protocol} ${item.port} ${item.remote}`}
      dataSource={items}
      scroll={{ x: "max-content" }}
      pagination={items.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
      columns={[
        { title: t("client"), render: (_, { remote }) => <span className="mono">{remote ?? t("many")}</span> },
        { title: t("service"), render: (_, item) => <span className="mono">{serviceOf(item)}</span> },
        { title: t("node"), render: (_, { name, node }) => name ?? node },
        { title: t("times"), dataIndex: "count", align: "right" },
        { title: t("last"), render: (_, { last }) => <Time at={last} /> },
        { title: t("because"), render: (_, { why, name }) => refusalText(why, name ?? "", t) },
        {
          key: "why",
          title: <span className="unseen">{t("common:actions")}</span>,
          render: (_, { remote, name, port, protocol }) =>
            remote && name ? (
              <Link to={traceLink(remote, formatEnd({ who: name, port: hasPorts(protocol) ? port : undefined, protocol }))}>
                {t("why")}
              </Link>
            ) : null,
        },
      ]}
    />
  );
}

const serviceOf = ({ protocol, port }: Refusal) =>
  serviceText(protocol, port === undefined ? [] : [`${port}/${port}`]);

/** The server says why in English; what it says often is known here. */
function refusalText(why: string, node: string, t: TFunction<"tighten">): string {
  if (why.startsWith("nobody listens")) return t("refused.nobody-listens", { node });
  if (why.startsWith("SSH is for")) return t("refused.management");
  if (why.startsWith("the port is to be closed")) return t("refused.closed");
  if (why.startsWith("load balancer")) return t("refused.load-balancer");
  return why;
}
