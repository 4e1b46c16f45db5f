// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { editedOf, saidOf } from "./said";

const list = {
  id: "pl-1",
  created: "2026-11-27T00:00:00Z",
  name: "offices",
  description: "all offices",
  family: 4 as const,
  max_entries: 9,
  tags: { env: "prod" },
  cidrs: ["192.0.2.0/24", "198.51.100.0/24"],
  entry_descriptions: { "192.0.2.0/24": "north" },
};

test("a list is made once more with all that was said of it", () => {
  const { id: _id, created: _created, ...said } = list;
  expect(saidOf(list)).toEqual(said);
});

test("an edit that is undone brings descriptions back", () => {
  expect(editedOf(list)).toEqual({
    name: "offices",
    cidrs: list.cidrs,
    entry_descriptions: { "192.0.2.0/24": "north" },
  });
  const { entry_descriptions: _texts, ...bare } = list;
  expect(editedOf(bare).entry_descriptions).toBeNull();
});
