// SPDX-License-Identifier: Apache-2.0
// A packet that a rule speaks of, so that "Why?" can be asked of a rule.
import type { Schemas } from "../../api/client";
import { hasPorts } from "./ends";
import type { Fields } from "./question";

type Rule = Schemas["Rule"];
type Node = Schemas["Node"];

export type Inventory = {
  nodes: Node[];
  /** Security group of a cluster, by the cluster's id. */
  groupOf: Map<string, string>;
  /** CIDRs of a prefix list, by its id and name. */
  cidrsOf: Map<string, string[]>;
};

const ANYWHERE: Record<string, string> = { "0.0.0.0/0": "203.0.113.9", "::/0": "2001:db8::9" };

/** An address of a CIDR, as a host would have it. */
export function hostOf(cidr: string): string {
  const [network = "", length] = cidr.split("/");
  if (ANYWHERE[cidr]) return ANYWHERE[cidr];
  if (network.includes(":")) return network.endsWith("::") && length !== "128" ? `${network}9` : network;
  if (length === undefined || Number(length) > 30) return network;
  return network.replace(/\d+$/, (last) => `${Number(last) + (Number(length) < 29 ? 9 : 1)}`);
}

/** Interfaces of a node that are in the group and of the NIC type. */
function members(node: Node, group: string, rule: Rule, { groupOf }: Inventory) {
  if (node.agent !== "managed") return [];
  const whole = node.security_groups.includes(group) || (node.cluster ? groupOf.get(node.cluster) === group : false);
  return node.interfaces.filter(
    (one) =>
      (whole || one.security_groups?.includes(group)) &&
      (one.addresses?.length ?? 0) > 0 &&
      (one.nic_type === undefined || one.nic_type === rule.nic_type),
  );
}

const isIpv6 = (address: string) => address.includes(":");

function remoteOf(rule: Rule, local: Node, inventory: Inventory): string | undefined {
  const { object } = rule;
  if ("cidr" in object) return hostOf(object.cidr);
  if ("prefix_list" in object) {
    const cidr = inventory.cidrsOf.get(object.prefix_list)?.[0];
    return cidr && hostOf(cidr);
  }
  return inventory.nodes.find(
    (node) => node.id !== local.id && members(node, object.group, { ...rule }, inventory).length > 0,
  )?.name;
}

/** Fields of a packet that the rule speaks of; null when no node of the group could meet one. */
export function sampleOf(group: string, rule: Rule, inventory: Inventory): Fields | null {
  const protocol = rule.protocol === "all" ? "tcp" : `${rule.protocol}`;
  const first = Number(rule.ports.split("/")[0]);
  const port = hasPorts(protocol) ? (first > 0 ? first : 443) : undefined;

  for (const node of inventory.nodes) {
    const interfaces = members(node, group, rule, inventory);
    const remote = interfaces.length ? remoteOf(rule, node, inventory) : undefined;
    if (!remote) continue;
    const one = interfaces.find((it) => it.addresses?.some((address) => isIpv6(address) === isIpv6(remote)));
    const chosen = one ?? (/[:.]/.test(remote) ? undefined : interfaces[0]);
    if (!chosen) continue;
    const several = node.interfaces.length > 1 ? chosen.name : undefined;
    return rule.direction === "ingress"
      ? { from: remote, to: node.name, protocol, port, iface: several }
      : { from: node.name, to: remote, protocol, port, iface: several };
  }
  return null;
}

