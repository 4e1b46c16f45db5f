// SPDX-License-Identifier: Apache-2.0
import { clusterLink, groupLink, ruleLink } from "../../components/links";
import type { Change } from "./use-log";

/** Where an object of the log can be looked at; null when it is gone or has no page. */
export function objectLink(kind: string, id: string, change: Change | undefined): string | null {
  if (change && change.after === null) return null;
  switch (kind) {
    case "cluster":
      return clusterLink(id);
    case "security group":
    case "security_group":
      return groupLink(id);
    case "rule":
      return change?.security_group ? ruleLink(change.security_group, id) : null;
    default:
      return null;
  }
}
