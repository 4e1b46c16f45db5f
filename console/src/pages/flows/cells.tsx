// SPDX-License-Identifier: Apache-2.0
// What tables and cards say of a record of flows.
import { ImportOutlined, ExportOutlined } from "@ant-design/icons";
import { Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { ruleLink } from "../../components/links";
import type { Flow } from "./buffer";
import { serviceOf, whyOf } from "./packet";

export function Service({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  const text = serviceOf(flow);
  return text ? <span className="mono">{text}</span> : <span>{t("others")}</span>;
}

export function Remote({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  return flow.remote ? (
    <span className="mono">{flow.remote}</span>
  ) : (
    <Typography.Text type="secondary">{t("many")}</Typography.Text>
  );
}

export function Way({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      {flow.direction === "ingress" ? <ImportOutlined /> : <ExportOutlined />} {t(`direction.${flow.direction}`)}
    </span>
  );
}

/** The rule, which can be looked at while it is there, or what else decided. */
export function Decider({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  const { cause, group, rule, direction } = flow;
  if (!cause) return null;
  if (group)
    return (
      <Link to={ruleLink(group, cause)} title={cause}>
        {rule || cause}
      </Link>
    );
  if (cause.startsWith("sgr-"))
    return (
      <span>
        <span className="mono">{cause}</span>{" "}
        <Typography.Text type="secondary">{t("rule-gone")}</Typography.Text>
      </span>
    );
  const word = cause === "default" ? `default-${direction}` : cause.replace("system:", "");
  return <span>{t(`cause.${word}`, { defaultValue: cause })}</span>;
}

export function Why({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  const link = whyOf(flow);
  return link ? (
    <Link to={link} style={{ whiteSpace: "nowrap" }}>
      {t("why")}
    </Link>
  ) : null;
}

export function useCount() {
  const { i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language);
  return (count: string | number | undefined) => (count === undefined ? "" : number.format(Number(count)));
}

/** What is counted: "12 flows", or "3 packets" of what was refused. */
export function useCounted() {
  const { t } = useTranslation("flows");
  const format = useCount();
  return ({ verdict, count }: Flow) =>
    t(verdict === "accepted" ? "flows" : "packets", { count: Number(count), number: format(count) });
}
