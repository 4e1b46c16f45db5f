// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../../api/client";
import { tagTexts } from "../../model/tags";

type Head = Schemas["SecurityGroupHead"];

export type GroupRow = {
  group: Head;
  /** What people call it: a cluster's group by the cluster. */
  name: string;
  network: string;
  cluster?: { id: string; name: string };
};

/** Managed groups belong to a cluster, free ones to nobody. */
export const OWNERS = ["all", "managed", "free"] as const;
export type Owner = (typeof OWNERS)[number];

export function groupRows(
  groups: readonly Head[],
  clusters: readonly Pick<Schemas["Cluster"], "id" | "name">[],
  networks: readonly Pick<Schemas["Network"], "id" | "name">[],
): GroupRow[] {
  const clusterById = new Map(clusters.map((cluster) => [cluster.id, cluster]));
  const networkNames = new Map(networks.map(({ id, name }) => [id, name]));
  return groups
    .map((group) => {
      const cluster = group.managed_by ? clusterById.get(group.managed_by) : undefined;
      return {
        group,
        cluster,
        name: cluster?.name ?? group.name,
        network: networkNames.get(group.network) ?? group.network,
      };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Rows of these owners in which the text occurs: in id, name, description, network or a tag. */
export function selectRows(rows: GroupRow[], owner: Owner, text: string): GroupRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    ({ group, name, network }) =>
      (owner === "all" || (owner === "managed") === Boolean(group.managed_by)) &&
      [group.id, group.name, name, group.description, network, ...tagTexts(group.tags)].some((part) => part.toLowerCase().includes(wanted)),
  );
}
