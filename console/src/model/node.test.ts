// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { enforcedInterfaces, isWhole, type Kernel, lagText, type Node, nodeMatches, occupancyOf } from "./node";

const kernel = {
  flow_capacity: 1000,
  flows: {
    "half-open": 10,
    "picked-up": 0,
    exchange: 0,
    tombstone: 0,
    closing: 0,
    "one-way": 0,
    assured: 0,
    established: 190,
  },
  hooks: [{ interface: "eth0", device: "eth0", hook: "tcx", state: "enforced", detail: "" }],
} as unknown as Kernel;
const node = {
  id: "n-1",
  name: "web-1",
  interfaces: [{ name: "eth0", addresses: ["10.0.0.5"] }, { name: "eth1" }],
  kernel,
} as unknown as Node;

test("the table is as full as its flows of both families make it", () => {
  const { used, capacity, percent, classes } = occupancyOf(kernel);
  expect([used, capacity, percent]).toEqual([200, 2000, 10]);
  expect(classes[0]).toEqual(["established", 190]);
});

test("a table without room is not full of nothing", () => {
  expect(occupancyOf({ ...kernel, flow_capacity: 0 }).percent).toBe(0);
});

test("an interface without hooks does not pass for enforced", () => {
  const [eth0, eth1] = enforcedInterfaces(node);
  expect(isWhole(eth0!.hooks)).toBe(true);
  expect(isWhole(eth1!.hooks)).toBe(false);
  expect(isWhole([{ ...kernel.hooks[0]!, state: "shared" }])).toBe(false);
});

test("lag is told in the unit that fits", () => {
  expect(lagText(0, "en")).toBe("");
  expect(lagText(6500, "en")).toBe("6.5 sec");
  expect(lagText(180_000, "en")).toBe("3 min");
});

test("a node is found by name, address and cluster", () => {
  expect(nodeMatches(node, "shop", "shop 10.0.0.5")).toBe(true);
  expect(nodeMatches(node, "shop", "10.0.0.6")).toBe(false);
});
