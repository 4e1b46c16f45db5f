// SPDX-License-Identifier: Apache-2.0
// What an entry of the change log did to a security group, line by line.
import type { Schemas } from "../../api/client";
import { type NameOf, type Rule, ruleText } from "../../model/rule-text";

export type Line = {
  sign: "+" | "-" | "~";
  text: string;
  /** Of a rule: its description. */
  note?: string;
};

type State = Record<string, unknown> | null;
type LoggedChange = { kind: string; id: string; security_group?: string; before: State; after: State };

const IGNORED = ["id", "rules", "rule_count", "member_count"];

/** "inner_access: accept → drop" for every field that differs. */
function fieldLines(before: Record<string, unknown>, after: Record<string, unknown>): Line[] {
  const shown = (value: unknown) =>
    value === undefined || value === "" ? "—" : typeof value === "string" ? value : JSON.stringify(value);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((field) => !IGNORED.includes(field) && JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ sign: "~", text: `${field}: ${shown(before[field])} → ${shown(after[field])}` }));
}

function nameIn(change: LoggedChange): string {
  const name = (change.after ?? change.before)?.name;
  return typeof name === "string" && name ? name : change.id;
}

const names = (state: State, group: string) => JSON.stringify(state ?? null).includes(`"${group}"`);

/** Rules of another group say whose they are; they count where they name this one. */
function ruleLines(change: LoggedChange, group: string, nameOf: NameOf): Line[] {
  const isOther = change.security_group !== undefined && change.security_group !== group;
  const of = isOther ? `${nameOf(change.security_group!)}: ` : "";
  if (isOther && !names(change.before, group) && !names(change.after, group)) return [];
  const line = (sign: Line["sign"], state: State): Line => {
    const rule = state as unknown as Rule;
    return { sign, text: of + ruleText(rule, nameOf), note: rule.description };
  };
  return [...(change.before ? [line("-", change.before)] : []), ...(change.after ? [line("+", change.after)] : [])];
}

function changeLines(change: LoggedChange, group: string, nameOf: NameOf): Line[] {
  if (change.kind === "rule") return ruleLines(change, group, nameOf);
  const label = `${change.kind.replaceAll("_", " ")} ${nameIn(change)}`;
  if (change.id === group && change.before && change.after) return fieldLines(change.before, change.after);
  if (change.id === group) return [{ sign: change.after ? "+" : "-", text: label }];
  // Something else that began or ceased to name the group: a member, a load balancer, a promise.
  const isNamed = names(change.after, group);
  return names(change.before, group) === isNamed ? [] : [{ sign: isNamed ? "+" : "-", text: label }];
}

export function historyLines(item: Schemas["LogItem"], group: string, nameOf: NameOf): Line[] {
  return (item.changes ?? []).flatMap((change) => changeLines(change as unknown as LoggedChange, group, nameOf));
}
