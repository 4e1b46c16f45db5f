// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { hasPorts, parsePorts, portsText, protocolText, type Rule, ruleText, toNew } from "./rule-text";

const rule: Rule = {
  id: "sgr-1",
  direction: "ingress",
  nic_type: "intranet",
  policy: "accept",
  protocol: "tcp",
  ports: "443/443",
  object: { group: "sg-1" },
  priority: 1,
  description: "web",
  author: "admin",
  hits: "7",
};
const nameOf = (id: string) => ({ "sg-1": "shop", "pl-1": "office" })[id] ?? id;

test.each([
  ["-1/-1", ""],
  ["80/80", "80"],
  ["8000/8100", "8000-8100"],
  [undefined, ""],
])("ports %s read %s", (ports, text) => expect(portsText(ports)).toBe(text));

test.each([
  ["80", "80/80"],
  [" 8000-8100 ", "8000/8100"],
  ["8000/8100", "8000/8100"],
  ["1 – 5", "1/5"],
  ["0", null],
  ["65536", null],
  ["9-8", null],
  ["http", null],
  ["-1/-1", null],
  ["", null],
])("ports written %s are %s", (text, ports) => expect(parsePorts(text)).toBe(ports));

test("rules read as the command line takes them", () => {
  expect(ruleText(rule, nameOf)).toBe("allow tcp 443 from group:shop");
  expect(
    ruleText(
      {
        ...rule,
        policy: "drop",
        direction: "egress",
        protocol: "udp",
        ports: "53/54",
        priority: 7,
        nic_type: "internet",
        object: { prefix_list: "pl-1" },
        local_cidr: "10.0.0.0/24",
        source_ports: "1000/2000",
      },
      nameOf,
    ),
  ).toBe("drop udp 53-54 to prefix-list:office priority 7 nic internet local 10.0.0.0/24 source-ports 1000-2000");
  expect(ruleText({ ...rule, protocol: "icmp", ports: "-1/-1", object: { cidr: "0.0.0.0/0" } }, nameOf)).toBe(
    "allow icmp from 0.0.0.0/0",
  );
});

test("what the controller made is not sent back", () => {
  expect(toNew(rule)).toEqual({
    direction: "ingress",
    nic_type: "intranet",
    policy: "accept",
    protocol: "tcp",
    ports: "443/443",
    object: { group: "sg-1" },
    priority: 1,
    description: "web",
  });
});

test("protocols have their usual spelling, and only TCP and UDP have ports", () => {
  expect([
    protocolText("tcp", "All"),
    protocolText("all", "All"),
    protocolText(47, "All"),
    protocolText("icmpv6", "All"),
  ]).toEqual(["TCP", "All", "47", "ICMPv6"]);
  expect(["tcp", "UDP", 6, 17, "icmp", "all", 47].map(hasPorts)).toEqual([true, true, true, true, false, false, false]);
});
