// SPDX-License-Identifier: Apache-2.0
// Rules as people write them; docs/semantics.md has the words.
import type { Schemas } from "../api/client";

export type Rule = Schemas["Rule"];
export type RuleObject = Rule["object"];
export type NewRule = Schemas["RuleCreate"];

/** Gives the name of a security group or prefix list by its id. */
export type NameOf = (id: string) => string;

/** "80" of "80/80", "8000-8100" of "8000/8100", "" of "-1/-1", which is any. */
export function portsText(ports: string | undefined): string {
  if (!ports || ports === "-1/-1") return "";
  const [first, last] = ports.split("/");
  return first === last ? first! : `${first}-${last}`;
}

const LAST_PORT = 65535;

/** "8000/8100" of "8000-8100", "80/80" of "80"; null when it is no port or range. */
export function parsePorts(text: string): string | null {
  const found = /^(\d{1,5})(?:\s*[-/–]\s*(\d{1,5}))?$/.exec(text.trim());
  if (!found) return null;
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  return first < 1 || last > LAST_PORT || first > last ? null : `${first}/${last}`;
}

/** Only these have ports. */
export function hasPorts(protocol: string | number): boolean {
  return ["tcp", "udp", "6", "17"].includes(String(protocol).toLowerCase());
}

const names: Record<string, string> = { tcp: "TCP", udp: "UDP", icmp: "ICMP", icmpv6: "ICMPv6", gre: "GRE" };

/** "TCP", "ICMPv6"; a number as it is; "all" is a matter of language. */
export function protocolText(protocol: string | number, all: string): string {
  const word = String(protocol).toLowerCase();
  return word === "all" ? all : (names[word] ?? word.toUpperCase());
}

export type ObjectKind = "cidr" | "group" | "prefix_list";

export function objectKind(object: RuleObject): ObjectKind {
  return "cidr" in object ? "cidr" : "group" in object ? "group" : "prefix_list";
}

/** What the object refers to: a CIDR, or an id. */
export function objectReference(object: RuleObject): string {
  return "cidr" in object ? object.cidr : "group" in object ? object.group : object.prefix_list;
}

/** "10.0.0.0/8", "group:web", "prefix-list:office": as the command line has it. */
export function objectText(object: RuleObject, nameOf: NameOf): string {
  if ("cidr" in object) return object.cidr;
  return "group" in object ? `group:${nameOf(object.group)}` : `prefix-list:${nameOf(object.prefix_list)}`;
}

/** "allow tcp 443 from 10.0.0.0/8 priority 5", as the command line and apply files have it. */
export function ruleText(rule: Rule | NewRule, nameOf: NameOf): string {
  const ports = portsText(rule.ports);
  const sourcePorts = portsText(rule.source_ports);
  return [
    rule.policy === "accept" ? "allow" : "drop",
    rule.protocol,
    ports,
    rule.direction === "ingress" ? "from" : "to",
    objectText(rule.object, nameOf),
    rule.priority && rule.priority !== 1 ? `priority ${rule.priority}` : "",
    rule.nic_type === "internet" ? "nic internet" : "",
    rule.local_cidr ? `local ${rule.local_cidr}` : "",
    sourcePorts ? `source-ports ${sourcePorts}` : "",
  ]
    .filter((word) => word !== "")
    .join(" ");
}

/** What a rule says, without what the controller made: fit to be added, exported, imported. */
export function toNew(rule: Rule): NewRule {
  const { direction, nic_type, policy, protocol, ports, object, local_cidr, source_ports, priority, description } =
    rule;
  return {
    direction,
    nic_type,
    policy,
    protocol,
    ports,
    object,
    ...(local_cidr ? { local_cidr } : {}),
    ...(source_ports ? { source_ports } : {}),
    priority,
    description,
  };
}
