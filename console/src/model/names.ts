// SPDX-License-Identifier: Apache-2.0
import { useCallback, useMemo } from "react";
import type { Schemas } from "../api/client";
import { useCollection } from "../api/collect";
import type { NameOf } from "./rule-text";

/** Groups by id. A cluster's own group is known by the cluster's name. */
export function useGroups() {
  const groups = useCollection("/v1/security-groups");
  const clusters = useCollection("/v1/clusters");
  return useMemo(() => {
    const clusterNames = new Map((clusters.data ?? []).map(({ id, name }) => [id, name]));
    const byId = new Map((groups.data ?? []).map((group) => [group.id, group]));
    const nameOf = (group: Pick<Schemas["SecurityGroupHead"], "name" | "managed_by">) =>
      (group.managed_by && clusterNames.get(group.managed_by)) || group.name;
    return { groups, byId, nameOf };
  }, [groups, clusters.data]);
}

/** Gives the name of whatever rules name: security groups and prefix lists. */
export function useNameOf(): NameOf {
  const { byId, nameOf } = useGroups();
  const lists = useCollection("/v1/prefix-lists");
  const listNames = useMemo(() => new Map((lists.data ?? []).map(({ id, name }) => [id, name])), [lists.data]);
  return useCallback(
    (id: string) => {
      const group = byId.get(id);
      return group ? nameOf(group) : (listNames.get(id) ?? id);
    },
    [byId, nameOf, listNames],
  );
}
