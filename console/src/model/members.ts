// SPDX-License-Identifier: Apache-2.0
// Who is in a security group; docs/semantics.md, "Words".
import type { Schemas } from "../api/client";
import type { GroupHead } from "./group";

type Node = Schemas["Node"];

export type Member = {
  node: Node;
  /** The interfaces that are in the group; empty: all that are enforced. */
  interfaces: string[];
  /** It is in the group as a node of the cluster: it comes and goes with the cluster. */
  byCluster: boolean;
};

/** Members of a group by the name of their nodes. */
export function membersOf(group: Pick<GroupHead, "id" | "managed_by">, nodes: readonly Node[]): Member[] {
  return nodes
    .flatMap((node): Member[] => {
      if (group.managed_by && node.cluster === group.managed_by) return [{ node, interfaces: [], byCluster: true }];
      if (node.security_groups.includes(group.id)) return [{ node, interfaces: [], byCluster: false }];
      const interfaces = node.interfaces
        .filter(({ security_groups }) => security_groups?.includes(group.id))
        .map(({ name }) => name);
      return interfaces.length ? [{ node, interfaces, byCluster: false }] : [];
    })
    .sort((a, b) => a.node.name.localeCompare(b.node.name));
}

/** Nodes that could become members: of the same network, not in it yet. */
export function candidates(group: GroupHead, nodes: readonly Node[]): Node[] {
  const inside = new Set(membersOf(group, nodes).map(({ node }) => node.id));
  return nodes
    .filter(({ id, network }) => network === group.network && !inside.has(id))
    .sort((a, b) => a.name.localeCompare(b.name));
}
