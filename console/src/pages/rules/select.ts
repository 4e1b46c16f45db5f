// SPDX-License-Identifier: Apache-2.0
// Which rules are shown, in which order.
import { type NameOf, objectKind, objectText, portsText, type Rule } from "../../model/rule-text";
import { compareSeverity, type Finding } from "./findings";

export type RuleRow = { rule: Rule; findings: Finding[] };

export const SORTS = [
  "policy",
  "protocol",
  "ports",
  "object",
  "priority",
  "hits",
  "last_hit",
  "created",
  "findings",
] as const;
export type SortField = (typeof SORTS)[number];
export type Sort = { field: SortField; descending: boolean };

/** "-hits" is hits, descending. */
export function parseSort(text: string | null): Sort {
  const field = SORTS.find((name) => name === text?.replace(/^-/, ""));
  return field ? { field, descending: text!.startsWith("-") } : { field: "priority", descending: false };
}

export const formatSort = ({ field, descending }: Sort) => (descending ? "-" : "") + field;

export type Filter = { text: string; policy?: string; object?: string; withFindings: boolean };

/** Whether a rule's ports take in the port that was typed. */
function includesPort(rule: Rule, port: number): boolean {
  if (rule.ports === "-1/-1") return false;
  const [first, last] = rule.ports.split("/").map(Number);
  return first! <= port && port <= last!;
}

function hasText(rule: Rule, text: string, nameOf: NameOf): boolean {
  if (/^\d{1,5}$/.test(text) && includesPort(rule, Number(text))) return true;
  return [
    rule.id,
    String(rule.protocol),
    portsText(rule.ports),
    objectText(rule.object, nameOf),
    rule.local_cidr ?? "",
    rule.description,
    rule.author,
  ].some((part) => part.toLowerCase().includes(text));
}

export function filterRows(rows: RuleRow[], filter: Filter, nameOf: NameOf): RuleRow[] {
  const text = filter.text.trim().toLowerCase();
  return rows.filter(
    ({ rule, findings }) =>
      (!filter.policy || rule.policy === filter.policy) &&
      (!filter.object || objectKind(rule.object) === filter.object) &&
      (!filter.withFindings || findings.length > 0) &&
      (!text || hasText(rule, text, nameOf)),
  );
}

const firstPort = ({ ports }: Rule) => Number(ports.split("/")[0]);

const isIpv6 = ({ object }: Rule) => Number("cidr" in object && String(object.cidr).includes(":"));

function compareBy(field: SortField, a: RuleRow, b: RuleRow, nameOf: NameOf): number {
  const [one, two] = [a.rule, b.rule];
  switch (field) {
    case "policy":
      return one.policy.localeCompare(two.policy);
    case "protocol":
      return String(one.protocol).localeCompare(String(two.protocol), "en", { numeric: true });
    case "ports":
      return firstPort(one) - firstPort(two);
    case "object":
      return isIpv6(one) - isIpv6(two) || objectText(one.object, nameOf).localeCompare(objectText(two.object, nameOf), "en", { numeric: true });
    case "priority":
      return one.priority - two.priority;
    case "hits": {
      const [x, y] = [BigInt(one.hits ?? "0"), BigInt(two.hits ?? "0")];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case "last_hit":
      return (one.last_hit ?? "").localeCompare(two.last_hit ?? "");
    case "created":
      return (one.created ?? "").localeCompare(two.created ?? "");
    case "findings":
      return compareSeverity(a.findings, b.findings);
  }
}

/** As rules decide, priority, then drop before accept; what is alike stands together: protocol, ports, object. */
function decidingOrder(a: RuleRow, b: RuleRow, nameOf: NameOf): number {
  return (
    a.rule.priority - b.rule.priority ||
    b.rule.policy.localeCompare(a.rule.policy) ||
    compareBy("protocol", a, b, nameOf) ||
    compareBy("ports", a, b, nameOf) ||
    compareBy("object", a, b, nameOf) ||
    a.rule.id.localeCompare(b.rule.id)
  );
}

export function sortRows(rows: RuleRow[], { field, descending }: Sort, nameOf: NameOf): RuleRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compareBy(field, a, b, nameOf) || decidingOrder(a, b, nameOf));
}
