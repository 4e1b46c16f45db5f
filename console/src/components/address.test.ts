// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type AddressChanges, withChanges } from "./address";

test.each<[string, AddressChanges, string]>([
  ["a=1&b=2", { a: "3" }, "b=2&a=3"],
  ["a=1&b=2", { a: undefined }, "b=2"],
  ["a=1&b=2", { b: "" }, "a=1"],
  ["a=1&a=2", { a: ["4", "5"] }, "a=4&a=5"],
  ["a=1", { a: [] }, ""],
  ["a=1", {}, "a=1"],
])("the address ?%s with %j is ?%s", (before, changes, after) => {
  const given = new URLSearchParams(before);
  expect(withChanges(given, changes).toString()).toBe(after);
  expect(given.toString()).toBe(before);
});
