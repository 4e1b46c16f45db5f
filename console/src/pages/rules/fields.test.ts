// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Rule, ruleText } from "../../model/rule-text";
import { type Fields, fieldsOf, newFields, rulesOf } from "./fields";
import { presetOf, presets } from "./presets";
import { tabsOf } from "./tabs";

const [inbound, outbound] = tabsOf("vpc");
const texts = (fields: Partial<Fields>, tab = inbound!) =>
  rulesOf({ ...newFields(true), ...fields }, tab).map((rule) => ruleText(rule, (id) => id));

test("every port with every object is a rule", () => {
  expect(texts({ ports: ["80", "8000-8100"], cidrs: ["10.0.0.0/8", " 192.0.2.1 "] })).toEqual([
    "allow tcp 80 from 10.0.0.0/8",
    "allow tcp 8000-8100 from 10.0.0.0/8",
    "allow tcp 80 from 192.0.2.1",
    "allow tcp 8000-8100 from 192.0.2.1",
  ]);
});

test("no port is all ports, and protocols without ports have none", () => {
  expect(rulesOf({ ...newFields(false), cidrs: ["10.0.0.0/8"] }, inbound!)[0]!.ports).toBe("1/65535");
  expect(
    rulesOf({ ...newFields(false), protocol: "gre", ports: ["80"], cidrs: ["10.0.0.0/8"] }, inbound!)[0]!.ports,
  ).toBe("-1/-1");
  expect(
    rulesOf({ ...newFields(false), protocol: "number", number: 17, ports: ["53"], cidrs: ["::1"] }, inbound!)[0],
  ).toMatchObject({
    protocol: "17",
    ports: "53/53",
  });
});

test("anywhere means the families that were chosen, and ICMP is bound to one", () => {
  expect(texts({ object: "any", ports: ["443"] })).toEqual(["allow tcp 443 from 0.0.0.0/0", "allow tcp 443 from ::/0"]);
  expect(texts({ object: "any", protocol: "icmp" })).toEqual(["allow icmp from 0.0.0.0/0"]);
  expect(texts({ object: "any", protocol: "icmpv6" }, outbound)).toEqual(["allow icmpv6 to ::/0"]);
});

test("groups, prefix lists and all of the five-tuple are kept", () => {
  expect(
    texts({
      object: "group",
      groups: ["sg-1"],
      ports: ["22"],
      priority: 7,
      policy: "drop",
      localCidr: "10.0.0.0/24",
      sourcePorts: "1024-65535",
    }),
  ).toEqual(["drop tcp 22 from group:sg-1 priority 7 local 10.0.0.0/24 source-ports 1024-65535"]);
  expect(texts({ object: "prefix_list", prefixLists: ["pl-1"], ports: ["22"] })).toEqual([
    "allow tcp 22 from prefix-list:pl-1",
  ]);
});

test.each<Partial<Rule>>([
  {},
  { policy: "drop", protocol: "udp", ports: "53/60", priority: 9, description: "x", object: { group: "sg-1" } },
  { protocol: "47", ports: "-1/-1", object: { prefix_list: "pl-1" } },
  { object: { cidr: "::/0" }, local_cidr: "fd00::/64", source_ports: "1/9" },
])("a rule that is edited without a change stays as it is: %j", (more) => {
  const rule: Rule = {
    id: "sgr-1",
    direction: "ingress",
    nic_type: "intranet",
    policy: "accept",
    protocol: "tcp",
    ports: "80/80",
    object: { cidr: "10.0.0.0/8" },
    priority: 1,
    description: "",
    author: "a",
    ...more,
  };
  const { id: _id, author: _author, ...said } = rule;
  expect(rulesOf(fieldsOf(rule, true), inbound!)).toEqual([said]);
});

test("presets are known again by what they fill in", () => {
  for (const { key, protocol, ports } of presets) expect(presetOf(protocol, ports)).toBe(key);
  expect(presetOf("tcp", ["443", "80"])).toBe("HTTP + HTTPS");
  expect(presetOf("tcp", ["1234"])).toBeUndefined();
});
