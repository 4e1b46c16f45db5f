// SPDX-License-Identifier: Apache-2.0
// What the form holds, and the rules that come of it.
import {
  hasPorts,
  type NewRule,
  objectKind,
  objectReference,
  parsePorts,
  portsText,
  type Rule,
} from "../../model/rule-text";
import type { Tab } from "./tabs";

export type ObjectChoice = "any" | "cidr" | "group" | "prefix_list";

export type Fields = {
  policy: Rule["policy"];
  /** A name, or "number" for 'number'. */
  protocol: string;
  number?: number | null;
  /** As people write them; none is any. */
  ports: string[];
  object: ObjectChoice;
  /** Of "any": "0.0.0.0/0" and "::/0". */
  families: string[];
  cidrs: string[];
  groups: string[];
  prefixLists: string[];
  priority: number;
  description: string;
  localCidr?: string;
  sourcePorts?: string;
};

export const ANY = ["0.0.0.0/0", "::/0"];
export const PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "gre", "all"];
/** Most elements of one request. */
export const RULES_MAX = 100;

export function newFields(hasIpv6: boolean): Fields {
  return {
    policy: "accept",
    protocol: "tcp",
    ports: [],
    object: "cidr",
    families: hasIpv6 ? ANY : [ANY[0]!],
    cidrs: [],
    groups: [],
    prefixLists: [],
    priority: 1,
    description: "",
  };
}

/** What the form shows for a rule that is edited or cloned. */
export function fieldsOf(rule: Rule, hasIpv6: boolean): Fields {
  const protocol = String(rule.protocol);
  const known = PROTOCOLS.includes(protocol);
  const kind = objectKind(rule.object);
  const reference = objectReference(rule.object);
  const isAny = ANY.includes(reference);
  const ports = portsText(rule.ports);
  return {
    ...newFields(hasIpv6),
    policy: rule.policy,
    protocol: known ? protocol : "number",
    number: known ? undefined : Number(protocol),
    ports: ports ? [ports] : [],
    object: isAny ? "any" : kind,
    ...(isAny ? { families: [reference] } : {}),
    cidrs: kind === "cidr" && !isAny ? [reference] : [],
    groups: kind === "group" ? [reference] : [],
    prefixLists: kind === "prefix_list" ? [reference] : [],
    priority: rule.priority,
    description: rule.description,
    localCidr: rule.local_cidr ?? "",
    sourcePorts: portsText(rule.source_ports),
  };
}

/** Only ICMP is bound to a family. */
export function familiesFor(protocol: string, families: readonly string[]): string[] {
  if (protocol === "icmp") return [ANY[0]!];
  return protocol === "icmpv6" ? [ANY[1]!] : [...families];
}

function objectsOf(fields: Fields): NewRule["object"][] {
  switch (fields.object) {
    case "any":
      return familiesFor(fields.protocol, fields.families).map((cidr) => ({ cidr }));
    case "cidr":
      return fields.cidrs.map((cidr) => ({ cidr: cidr.trim() }));
    case "group":
      return fields.groups.map((group) => ({ group }));
    case "prefix_list":
      return fields.prefixLists.map((prefix_list) => ({ prefix_list }));
  }
}

/** All ports of the form with all its objects. Ports that are none were refused by the form. */
export function rulesOf(fields: Fields, tab: Tab): NewRule[] {
  const protocol = fields.protocol === "number" ? String(fields.number ?? 0) : fields.protocol;
  const ranges = hasPorts(protocol)
    ? fields.ports.map((text) => parsePorts(text)).filter((range) => range !== null)
    : [];
  const ports = ranges.length ? ranges : ["-1/-1"];
  const sourcePorts = fields.sourcePorts ? parsePorts(fields.sourcePorts) : null;
  return objectsOf(fields).flatMap((object) =>
    ports.map((range) => ({
      direction: tab.direction,
      nic_type: tab.nic,
      policy: fields.policy,
      protocol,
      ports: hasPorts(protocol) && range === "-1/-1" ? "1/65535" : range,
      object,
      ...(fields.localCidr?.trim() ? { local_cidr: fields.localCidr.trim() } : {}),
      ...(sourcePorts ? { source_ports: sourcePorts } : {}),
      priority: fields.priority,
      description: fields.description.trim(),
    })),
  );
}
