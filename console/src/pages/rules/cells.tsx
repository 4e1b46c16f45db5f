// SPDX-License-Identifier: Apache-2.0
// Parts of a rule, the same in the table and on cards.
import { Flex, Popover } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { Sparkline } from "../../components/charts/sparkline";
import { rulesLink } from "../../components/links";
import { SeverityTag } from "../../components/marks";
import { Time } from "../../components/time";
import { type NameOf, objectKind, objectReference, portsText, protocolText, type Rule } from "../../model/rule-text";
import { ANY } from "./fields";
import { type Finding, worst } from "./findings";

export function ProtocolCell({ protocol }: { protocol: Rule["protocol"] }) {
  const { t } = useTranslation("rules");
  return protocolText(protocol, t("all-protocols"));
}

/** The second line of a cell. */
const second = (text: React.ReactNode) => <span className="rule-second">{text}</span>;

export function PortsCell({ rule }: { rule: Pick<Rule, "ports" | "source_ports"> }) {
  const { t } = useTranslation("rules");
  const ports = portsText(rule.ports);
  const source = portsText(rule.source_ports);
  return (
    <div>
      <span className="mono">{ports === "1-65535" ? t("all-ports") : ports || t("no-ports")}</span>
      {source && second(t("from-ports", { ports: source }))}
    </div>
  );
}

/** The remote side and, of a five-tuple rule, the local address. */
export function ObjectCell({ rule, nameOf }: { rule: Rule; nameOf: NameOf }) {
  const { t } = useTranslation("rules");
  const reference = objectReference(rule.object);
  const kind = objectKind(rule.object);
  return (
    <div style={{ minWidth: 0 }}>
      {kind === "cidr" && <span className="mono">{reference}</span>}
      {kind === "group" && <Link to={rulesLink(reference)}>{nameOf(reference)}</Link>}
      {kind === "prefix_list" && (
        <Link to={`/prefix-lists?q=${encodeURIComponent(nameOf(reference))}`}>{nameOf(reference)}</Link>
      )}
      {ANY.includes(reference) && second(t(reference === ANY[0] ? "any-ipv4" : "any-ipv6"))}
      {rule.local_cidr &&
        second(t(rule.direction === "ingress" ? "local-to" : "local-from", { cidr: rule.local_cidr }))}
    </div>
  );
}

/** "48K"; small numbers, as most are, need no format. */
function compact(count: number, language: string): string {
  return count < 1000
    ? String(count)
    : new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }).format(count);
}

/** How often the rule decided, when last, and, where it did in the last day, how that went by the hour. */
export function HitsCell({ rule, hours }: { rule: Rule; hours?: readonly number[] }) {
  const { t, i18n } = useTranslation("rules");
  return (
    <div>
      <Flex gap={6} wrap align="center">
        <span title={rule.hits}>{compact(Number(rule.hits ?? 0), i18n.language)}</span>
        {hours && <Sparkline hours={hours} />}
      </Flex>
      {second(rule.last_hit ? <Time at={rule.last_hit} short /> : t("never-hit"))}
    </div>
  );
}

/** In two lines, as the cells beside it; the rest on a closer look. */
export function DescriptionCell({ text }: { text: string }) {
  return (
    <span className="two-lines" title={text}>
      {text}
    </span>
  );
}

export function CreatedCell({ rule }: { rule: Rule }) {
  return (
    <div style={{ minWidth: 0 }}>
      {rule.created ? <Time at={rule.created} short /> : "—"}
      <span className="rule-second one-line" title={rule.author}>
        {rule.author}
      </span>
    </div>
  );
}

/** The worst finding, and all of them on a closer look. */
export function FindingsCell({ findings }: { findings: Finding[] }) {
  const { t } = useTranslation("rules");
  const severity = worst(findings);
  if (!severity) return null;
  return (
    <Popover
      trigger={["hover", "click"]}
      mouseEnterDelay={0.3}
      title={t("findings-title", { count: findings.length })}
      content={
        <Flex vertical gap="small" style={{ maxWidth: 380 }}>
          {findings.map((finding) => (
            <FindingText key={`${finding.source} ${finding.check}`} finding={finding} />
          ))}
        </Flex>
      }
    >
      <button type="button" className="bare">
        <SeverityTag severity={severity} count={findings.length > 1 ? findings.length : undefined} />
        <span className="unseen">{t("findings-title", { count: findings.length })}</span>
      </button>
    </Popover>
  );
}

function FindingText({ finding }: { finding: Finding }) {
  const { t } = useTranslation("rules");
  if (finding.source === "audit")
    return (
      <div>
        <SeverityTag severity={finding.severity} /> <strong>{finding.title}</strong>
        <div>{finding.detail}</div>
      </div>
    );
  return (
    <div>
      <SeverityTag severity={finding.severity} /> <strong>{t(`lint.${finding.check}.title`)}</strong>
      <div>{t(`lint.${finding.check}.text`)}</div>
      {finding.because.length > 0 && (
        <div>
          {t("because")} <span className="mono">{finding.because.join(", ")}</span>
        </div>
      )}
    </div>
  );
}
