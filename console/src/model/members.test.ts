// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { findGroup, type GroupHead } from "./group";
import { candidates, membersOf } from "./members";

const node = (name: string, more: Partial<Schemas["Node"]> = {}): Schemas["Node"] => ({
  id: `n-${name}`,
  name,
  network: "vpc-1",
  agent: "managed",
  security_groups: [],
  interfaces: [],
  ...more,
});
const head = (id: string, more: Partial<GroupHead> = {}) => ({ id, name: id, network: "vpc-1", ...more }) as GroupHead;
const nodes = [
  node("b", { cluster: "c1" }),
  node("a", { security_groups: ["sg-free"] }),
  node("c", { interfaces: [{ name: "eth0" }, { name: "eth1", security_groups: ["sg-free"] }] }),
  node("far", { network: "vpc-2" }),
];
const names = (group: GroupHead) =>
  membersOf(group, nodes).map(({ node: { name }, interfaces }) => [name, ...interfaces]);

test("a free group has the nodes and interfaces that name it", () => {
  expect(names(head("sg-free"))).toEqual([["a"], ["c", "eth1"]]);
});

test("a cluster's group has the cluster's nodes", () => {
  expect(names(head("sg-c1", { managed_by: "c1" }))).toEqual([["b"]]);
});

test("only nodes of the network that are not in the group can join it", () => {
  expect(candidates(head("sg-free"), nodes).map(({ name }) => name)).toEqual(["b"]);
});

test("a group is found by its id, its name, or its cluster", () => {
  const groups = [head("sg-1", { name: "web" }), head("sg-2", { name: "of-c", managed_by: "c-1" })];
  const clusters = [{ id: "c-1", name: "shop", security_group: "sg-2" }];
  const found = (ref: string) => findGroup(ref, groups, clusters)?.id;
  expect(["sg-1", "web", "shop", "c-1", "none"].map(found)).toEqual(["sg-1", "sg-1", "sg-2", "sg-2", undefined]);
});
