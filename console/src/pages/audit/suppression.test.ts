// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { endOfDay, hasExpired } from "./suppression";

test("a day ends with its last second here", () => {
  expect(new Date(endOfDay("2027-05-31")!).getDate()).toBe(31);
  expect(endOfDay("")).toBeUndefined();
});

test("what has no end does not expire", () => {
  const now = new Date("2027-06-01T00:00:00Z");
  expect(hasExpired({}, now)).toBe(false);
  expect(hasExpired({ expires: "2027-05-31T00:00:00Z" }, now)).toBe(true);
  expect(hasExpired({ expires: "2027-06-01T00:00:01Z" }, now)).toBe(false);
});
