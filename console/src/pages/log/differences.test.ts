// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { differences, text } from "./differences";

test("what is equal is not told", () => {
  expect(differences({ name: "web", cidrs: ["10.0.0.0/8"] }, { cidrs: ["10.0.0.0/8"], name: "web" })).toEqual([]);
});

test("a field that changed is told with both sides", () => {
  expect(differences({ name: "web", priority: 1 }, { name: "web", priority: 2 })).toEqual([
    { field: "priority", before: 1, after: 2 },
  ]);
});

test("of a list only what came and went is told", () => {
  expect(differences({ cidrs: ["a", "b"] }, { cidrs: ["b", "c"] })).toEqual([
    { field: "cidrs", before: ["a"], after: ["c"] },
  ]);
});

test("what came is told with each of its fields, what is empty is not", () => {
  expect(differences(null, { name: "web", object: { cidr: "0.0.0.0/0" }, description: "", ports: [] })).toEqual([
    { field: "name", before: undefined, after: "web" },
    { field: "object.cidr", before: undefined, after: "0.0.0.0/0" },
  ]);
  expect(differences({ name: "web" }, null)).toEqual([{ field: "name", before: "web", after: undefined }]);
});

test("members of a list are known by their names", () => {
  const eth = (name: string, ...addresses: string[]) => ({ name, addresses });
  expect(
    differences(
      { interfaces: [eth("eth0", "10.0.0.1"), eth("eth1", "10.1.0.1")] },
      { interfaces: [eth("eth1", "10.1.0.1"), eth("eth0", "10.0.0.2")] },
    ),
  ).toEqual([{ field: "interfaces.eth0.addresses", before: ["10.0.0.1"], after: ["10.0.0.2"] }]);
});

test("a rule that was one kind of object and is another is told with both", () => {
  expect(differences({ object: { cidr: "::/0" } }, { object: { security_group: "sg-1" } })).toEqual([
    { field: "object.cidr", before: "::/0", after: undefined },
    { field: "object.security_group", before: undefined, after: "sg-1" },
  ]);
});

test("values are written as people read them", () => {
  expect(text(["a", "b"])).toBe("a, b");
  expect(text(false)).toBe("false");
  expect(text(undefined)).toBe("");
});
