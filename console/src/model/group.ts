// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "react";
import { ApiError } from "../api/problem";
import type { Schemas } from "../api/client";
import { useCollection } from "../api/collect";

export type GroupHead = Schemas["SecurityGroupHead"];

/** A security group with what it belongs to. */
export type Group = {
  head: GroupHead;
  /** What people call it: a cluster's group by the cluster. */
  name: string;
  cluster?: Schemas["Cluster"];
  network?: Schemas["Network"];
};

/** Whether the description is the one that the controller gives to a cluster's group, in English and with an id. */
export const isMadeDescription = ({ managed_by, description }: Pick<GroupHead, "managed_by" | "description">): boolean =>
  Boolean(managed_by) && description === `security group of cluster ${managed_by}`;

/** As the API resolves a reference: an id, a name, or a cluster's id or name. */
export function findGroup(
  ref: string,
  groups: readonly GroupHead[],
  clusters: readonly Pick<Schemas["Cluster"], "id" | "name" | "security_group">[],
): GroupHead | undefined {
  const direct = groups.find(({ id }) => id === ref) ?? groups.find(({ name }) => name === ref);
  if (direct) return direct;
  const cluster = clusters.find(({ id, name }) => id === ref || name === ref);
  return cluster && groups.find(({ id }) => id === cluster.security_group);
}

/** The group of an address, from lists that other pages need anyway: its rules, maybe ten thousand, are not asked. */
export function useGroup(ref: string): { data: Group | undefined; error: unknown; refetch: () => unknown } {
  const groups = useCollection("/v1/security-groups");
  const clusters = useCollection("/v1/clusters");
  const networks = useCollection("/v1/networks");

  return useMemo(() => {
    const failed = [groups, clusters, networks].find(({ error }) => error);
    const refetch = () => [groups, clusters, networks].map((query) => void query.refetch());
    if (!groups.data || !clusters.data || !networks.data)
      return { data: undefined, error: failed?.error ?? null, refetch };
    const head = findGroup(ref, groups.data, clusters.data);
    if (!head) return { data: undefined, error: notFound(ref), refetch };
    const cluster = clusters.data.find(({ id }) => id === head.managed_by);
    const network = networks.data.find(({ id }) => id === head.network);
    return {
      data: { head, cluster, network, name: cluster?.name ?? head.name },
      error: failed?.error ?? null,
      refetch,
    };
  }, [ref, groups, clusters, networks]);
}

function notFound(ref: string): ApiError {
  return new ApiError({
    type: "urn:ringwall:problem:not-found",
    title: "not found",
    status: 404,
    detail: `There is no security group "${ref}".`,
  });
}
