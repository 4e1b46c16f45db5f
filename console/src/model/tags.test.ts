// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { tagTexts } from "./tags";

test("tags are told in order, a key alone where it has no value", () => {
  expect(tagTexts({ team: "payments", "acs:env": "production", frozen: "" })).toEqual([
    "acs:env: production",
    "frozen",
    "team: payments",
  ]);
});

test("no tags are no texts", () => {
  expect(tagTexts(undefined)).toEqual([]);
});
