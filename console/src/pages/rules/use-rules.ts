// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "react";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import type { Group } from "../../model/group";
import { findingsByRule } from "./findings";
import type { RuleRow } from "./select";

/** Hits come with agents' reports, of which no event tells: the rules of groups that are not huge are asked again. */
const HITS_MS = 15_000;
const COUNTED_MAX = 1000;

/** The rules of a group with what is found about them; findings come when they are computed. */
export function useRules(group: Group) {
  const ref = group.head.id;
  const rules = useCollection(
    "/v1/security-groups/{ref}/rules",
    { path: { ref } },
    { refetchInterval: group.head.rule_count <= COUNTED_MAX ? HITS_MS : undefined },
  );
  const lint = $api.useQuery("get", "/v1/lint", { params: { query: { scope: ref } } });
  const audit = $api.useQuery("get", "/v1/audit", {
    params: { query: group.head.managed_by ? { cluster: group.head.managed_by } : {} },
  });
  const rows = useMemo<RuleRow[]>(() => {
    const findings = findingsByRule(ref, audit.data?.findings ?? [], lint.data?.items ?? []);
    return (rules.data ?? []).map((rule) => ({ rule, findings: findings.get(rule.id) ?? [] }));
  }, [ref, rules.data, lint.data, audit.data]);
  return { rules, rows };
}
