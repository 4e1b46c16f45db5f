// SPDX-License-Identifier: Apache-2.0
// The tables of a group: a VPC has two, a classic network four; docs/semantics.md.
import type { Schemas } from "../../api/client";
import type { Rule } from "../../model/rule-text";

export type Tab = { key: string; direction: Rule["direction"]; nic: Rule["nic_type"] };

const vpc: Tab[] = [
  { key: "ingress", direction: "ingress", nic: "intranet" },
  { key: "egress", direction: "egress", nic: "intranet" },
];

const classic: Tab[] = [
  { key: "intranet-ingress", direction: "ingress", nic: "intranet" },
  { key: "intranet-egress", direction: "egress", nic: "intranet" },
  { key: "internet-ingress", direction: "ingress", nic: "internet" },
  { key: "internet-egress", direction: "egress", nic: "internet" },
];

export function tabsOf(kind: Schemas["Network"]["kind"]): Tab[] {
  return kind === "classic" ? classic : vpc;
}

export function isIn(tab: Tab, rule: Pick<Rule, "direction" | "nic_type">): boolean {
  return rule.direction === tab.direction && rule.nic_type === tab.nic;
}

/** The tab in which the rule of this id stands, if there is one. */
export function tabOfRule(tabs: Tab[], rules: Rule[], id: string | undefined): Tab | undefined {
  const rule = id ? rules.find((each) => each.id === id) : undefined;
  return rule && tabs.find((tab) => isIn(tab, rule));
}
