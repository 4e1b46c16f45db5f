// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "react";
import { Link } from "react-router-dom";
import { useCollection } from "../api/collect";
import { groupLink } from "./links";

/** Name of a group for people: that of its cluster, if it has one, since "cluster-c34c…" tells nobody anything. */
export function useGroupName(): (group: string, name?: string) => string {
  const clusters = useCollection("/v1/clusters").data;
  return useMemo(() => {
    const names = new Map((clusters ?? []).map(({ security_group, name }) => [security_group, name]));
    return (group, name) => names.get(group) ?? name ?? group;
  }, [clusters]);
}

/** A security group, by the name that people know, with a link to its page. */
export function GroupLink({ group, name }: { group: string; name?: string }) {
  const nameOf = useGroupName();
  return <Link to={groupLink(group)}>{nameOf(group, name)}</Link>;
}
