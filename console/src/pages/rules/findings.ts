// SPDX-License-Identifier: Apache-2.0
// What lint and audit have to say about rules, by rule.
import type { Schemas } from "../../api/client";
import type { Severity } from "../../components/marks";

export type Finding =
  | { source: "audit"; severity: Severity; check: string; title: string; detail: string; suppressed?: string }
  | {
      source: "lint";
      severity: Severity;
      check: string;
      because: string[];
      mend: Schemas["Lint"]["items"][number]["mend"];
    };

const ranks: Severity[] = ["info", "low", "medium", "high", "critical"];
const rank = (findings: readonly Finding[]) => Math.max(-1, ...findings.map(({ severity }) => ranks.indexOf(severity)));

export function compareSeverity(a: readonly Finding[], b: readonly Finding[]): number {
  return rank(a) - rank(b) || a.length - b.length;
}

export function worst(findings: readonly Finding[]): Severity | null {
  return ranks[rank(findings)] ?? null;
}

/** A contradiction deserves a look; what only says things twice is no danger. */
const lintSeverity = (finding: string): Severity =>
  finding === "conflict" || finding === "shadowed" ? "medium" : "low";

export function findingsByRule(
  group: string,
  audit: Schemas["Audit"]["findings"],
  lint: Schemas["Lint"]["items"],
): Map<string, Finding[]> {
  const found = new Map<string, Finding[]>();
  const add = (rule: string, finding: Finding) => {
    const list = found.get(rule);
    if (list) list.push(finding);
    else found.set(rule, [finding]);
  };
  for (const { group: of, rules, severity, check, title, detail, suppressed } of audit)
    if (of === group && !suppressed)
      for (const rule of rules) add(rule, { source: "audit", severity, check, title, detail });
  for (const { group: of, rule, finding, because, mend } of lint)
    if (of === group)
      add(rule, { source: "lint", severity: lintSeverity(finding), check: finding, because, mend });
  return found;
}
