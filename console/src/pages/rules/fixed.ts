// SPDX-License-Identifier: Apache-2.0
// What decides beside the rules of people, so that the page has the whole truth; docs/semantics.md, 3 and 5.
import type { Schemas } from "../../api/client";
import type { GroupHead } from "../../model/group";
import type { Tab } from "./tabs";

/** "system" comes before every rule and cannot be changed; "inner" is the inner access; "default" when no rule matches. */
export type FixedKind = "system" | "inner" | "default";

export type Fixed = {
  key: string;
  kind: FixedKind;
  policy: "accept" | "drop";
  /** Key of its texts: what traffic, and why. */
  text: string;
  protocol: string;
  ports: string;
  /** CIDRs, where it has any. */
  remotes?: string[];
};

const fixed = (kind: FixedKind, policy: Fixed["policy"], text: string, more: Partial<Fixed> = {}): Fixed => ({
  key: `${kind} ${text}`,
  kind,
  policy,
  text,
  protocol: "all",
  ports: "",
  ...more,
});

/** What is decided before the rules of a table, and what after them. */
export function fixedOf(
  tab: Tab,
  group: Pick<GroupHead, "kind" | "inner_access">,
  cluster?: Pick<Schemas["Cluster"], "management_cidrs">,
): { before: Fixed[]; after: Fixed[] } {
  const inward = tab.direction === "ingress";
  const management = inward ? (cluster?.management_cidrs ?? []) : [];
  // Between members only intranet interfaces count: a VPC has no others.
  const inner = group.kind === "basic" && group.inner_access === "accept" && tab.nic === "intranet";
  return {
    before: [
      fixed("system", "drop", "spoofed"),
      fixed("system", "accept", "neighbours"),
      fixed("system", "accept", "known-flows"),
      ...(inward ? [] : [fixed("system", "accept", "controller", { protocol: "tcp" })]),
      ...(management.length
        ? [fixed("system", "accept", "management", { protocol: "tcp", ports: "SSH", remotes: management })]
        : []),
      ...(inner ? [fixed("inner", "accept", inward ? "inner-from" : "inner-to")] : []),
    ],
    after: [
      inward
        ? fixed("default", "drop", "default-ingress")
        : group.kind === "basic"
          ? fixed("default", "accept", "default-egress")
          : fixed("default", "drop", "default-egress-enterprise"),
    ],
  };
}
