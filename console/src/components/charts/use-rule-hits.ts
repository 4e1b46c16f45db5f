// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "react";
import { $api } from "../../api/client";

export type RuleHits = ReadonlyMap<string, number[]>;

/**
 * Hits of a group's rules by the hour of the last day: id of the rule to 24 counts. Rules without any are missing.
 * For <Sparkline hours={hits.get(rule.id)} />.
 */
export function useRuleHits(group: string): RuleHits {
  const { data } = $api.useQuery("get", "/v1/security-groups/{ref}/hits", { params: { path: { ref: group } } });
  return useMemo(() => new Map(data?.items.map(({ rule, hits }) => [rule, hits])), [data]);
}
