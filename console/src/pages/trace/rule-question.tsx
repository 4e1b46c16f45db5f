// SPDX-License-Identifier: Apache-2.0
// "Why?" of a rule: asks about a packet that it speaks of, and tells how the rule fares.
import { Alert } from "antd";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { $api } from "../../api/client";
import { useCollection } from "../../api/collect";
import { ProblemAlert } from "../../components/problem";
import { paramsOf } from "./question";
import { type Inventory, sampleOf } from "./sample";
import type { Trace } from "./use-trace";

/** The inventory that a sample packet is chosen from; null until all of it is there. */
function useInventory(): Inventory | null {
  const nodes = useCollection("/v1/nodes").data;
  const clusters = useCollection("/v1/clusters").data;
  const lists = useCollection("/v1/prefix-lists").data;
  return useMemo(
    () =>
      nodes && clusters && lists
        ? {
            nodes,
            groupOf: new Map(clusters.map(({ id, security_group }) => [id, security_group])),
            cidrsOf: new Map(lists.flatMap(({ id, name, cidrs }) => [[id, cidrs] as const, [name, cidrs] as const])),
          }
        : null,
    [nodes, clusters, lists],
  );
}

type Props = { group: string; rule: string; asked: boolean; trace?: Trace };

export function RuleQuestion({ group, rule, asked, trace }: Props) {
  const { t } = useTranslation("trace");
  const [, setParams] = useSearchParams();
  const inventory = useInventory();
  const about = $api.useQuery("get", "/v1/security-groups/{ref}/rules/{rule}", {
    params: { path: { ref: group, rule } },
  });
  const sample = useMemo(
    () => (inventory && about.data ? sampleOf(group, about.data, inventory) : undefined),
    [inventory, about.data, group],
  );

  useEffect(() => {
    if (asked || !sample) return;
    const params = paramsOf(sample);
    params.set("group", group);
    params.set("rule", rule);
    setParams(params, { replace: true });
  }, [asked, sample, group, rule, setParams]);

  if (about.error) return <ProblemAlert error={about.error} />;
  if (sample === null) return <Alert type="info" showIcon title={t("no-sample")} />;
  if (!trace) return null;
  const match = trace.steps.flatMap(({ matches }) => matches).find((one) => one.rule === rule);
  return (
    <Alert
      type="info"
      showIcon
      title={t(match ? `fares.${match.outcome}` : "fares.no-match", { rule })}
      description={t("sample-meaning")}
    />
  );
}
