// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Node } from "./node";
import { nodeCreation, nodePatch, nodeValues } from "./node-form";

const node = {
  id: "n-1",
  name: "backup",
  agent: "none",
  network: "vpc-1",
  security_groups: ["sg-1"],
  interfaces: [{ name: "eth0", nic_type: "intranet", addresses: ["10.0.0.4"], elastic_ips: ["203.0.113.4"] }],
} as unknown as Node;

test("a node of a cluster leaves its network to the cluster", () => {
  const values = { ...nodeValues(undefined, "c1"), name: " a ", network: "vpc-2" };
  expect(nodeCreation(values)).toMatchObject({ name: "a", agent: "none", cluster: "c1" });
  expect(nodeCreation(values)).not.toHaveProperty("network");
});

test("what the form does not show is not lost", () => {
  const values = nodeValues(node, undefined);
  values.interfaces[0]!.addresses = ["10.0.0.5"];
  expect(nodePatch(node, values).interfaces).toEqual([
    { name: "eth0", nic_type: "intranet", addresses: ["10.0.0.5"], elastic_ips: ["203.0.113.4"] },
  ]);
});

test("the interfaces of a managed node are its agent's", () => {
  expect(nodePatch({ ...node, agent: "managed" }, nodeValues(node, undefined))).toEqual({
    name: "backup",
    security_groups: ["sg-1"],
  });
});
