// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { hostOf, type Inventory, sampleOf } from "./sample";

const node = (name: string, cluster: string, interfaces: Schemas["Interface"][], groups: string[] = []) =>
  ({ id: `n-${name}`, name, network: "vpc", agent: "managed", cluster, security_groups: groups, interfaces }) as Schemas["Node"];

const inventory: Inventory = {
  nodes: [
    node("web-1", "c1", [{ name: "eth0", addresses: ["10.0.0.1"] }]),
    node("db", "", [{ name: "eth0", addresses: ["10.0.0.7"] }], ["sg-db"]),
    node("old", "c2", [
      { name: "eth0", addresses: ["10.64.0.1"], nic_type: "intranet" },
      { name: "eth1", addresses: ["198.51.100.1"], nic_type: "internet" },
    ]),
  ],
  groupOf: new Map([
    ["c1", "sg-web"],
    ["c2", "sg-old"],
  ]),
  cidrsOf: new Map([["pl-1", ["203.0.113.0/25"]]]),
};

const rule = (given: Partial<Schemas["Rule"]>) =>
  ({
    id: "sgr-1",
    direction: "ingress",
    nic_type: "intranet",
    policy: "accept",
    protocol: "tcp",
    ports: "443/443",
    object: { cidr: "0.0.0.0/0" },
    priority: 1,
    description: "",
    author: "",
    ...given,
  }) as Schemas["Rule"];

test.each([
  ["0.0.0.0/0", "203.0.113.9"],
  ["198.51.100.0/24", "198.51.100.9"],
  ["198.51.100.4/30", "198.51.100.5"],
  ["198.51.100.4/32", "198.51.100.4"],
  ["198.51.100.4", "198.51.100.4"],
  ["2001:db8::/32", "2001:db8::9"],
  ["::/0", "2001:db8::9"],
])("of %s the host is %s", (cidr, host) => expect(hostOf(cidr)).toBe(host));

test.each([
  ["sg-web", rule({}), { from: "203.0.113.9", to: "web-1", port: 443 }],
  ["sg-web", rule({ protocol: "all", ports: "-1/-1" }), { to: "web-1", protocol: "tcp", port: 443 }],
  ["sg-web", rule({ direction: "egress" }), { from: "web-1", to: "203.0.113.9" }],
  ["sg-db", rule({ object: { group: "sg-web" }, ports: "5432/5433" }), { from: "web-1", to: "db", port: 5432 }],
  ["sg-db", rule({ object: { prefix_list: "pl-1" }, protocol: "icmp" }), { from: "203.0.113.9", port: undefined }],
  ["sg-old", rule({ nic_type: "internet" }), { to: "old", iface: "eth1" }],
])("a rule of %s gives a packet that it speaks of", (group, given, fields) =>
  expect(sampleOf(group, given, inventory)).toMatchObject(fields),
);

test("a rule that no node meets has no packet", () => {
  expect(sampleOf("sg-nobody", rule({}), inventory)).toBeNull();
  expect(sampleOf("sg-web", rule({ object: { group: "sg-nobody" } }), inventory)).toBeNull();
  expect(sampleOf("sg-web", rule({ object: { cidr: "::/0" } }), inventory)).toBeNull();
});
