// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { elasticIpsOf, type Node, withElasticIps } from "./elastic";

const node = {
  id: "n-1",
  name: "web-1",
  interfaces: [
    { name: "eth0", addresses: ["10.0.0.5"], elastic_ips: ["203.0.113.5"] },
    { name: "eth1", addresses: ["10.0.1.5"] },
  ],
} as unknown as Node;

test("elastic IPs are told with node and interface", () => {
  expect(elasticIpsOf([node])).toEqual([{ address: "203.0.113.5", node, iface: "eth0" }]);
});

test("one interface is changed, the others and what they have stay", () => {
  const bound = withElasticIps(node, "eth1", (list) => [...list, "203.0.113.6"]);
  expect(bound[1]).toEqual({ name: "eth1", addresses: ["10.0.1.5"], elastic_ips: ["203.0.113.6"] });
  expect(bound[0]).toEqual(node.interfaces[0]);
  expect(withElasticIps(node, "eth0", () => [])[0]!.elastic_ips).toEqual([]);
});
