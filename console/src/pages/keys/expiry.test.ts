// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { expiryOf, stateOf, tomorrow } from "./expiry";

const now = Date.UTC(2026, 10, 27, 12);

test("a term counts from now, and never has no end", () => {
  expect(expiryOf("30", undefined, now)).toBe("2026-12-27T12:00:00Z");
  expect(expiryOf("never", "2026-12-01", now)).toBeUndefined();
});

test("a day that is chosen is the last one on which the key is good", () => {
  const end = new Date(expiryOf("date", "2026-12-01", now)!);
  expect([end.getDate(), end.getHours(), end.getMinutes()]).toEqual([1, 23, 59]);
  expect(Date.parse(expiryOf("date", tomorrow(now), now)!)).toBeGreaterThan(now);
});

test("what ends soon is told before it has ended", () => {
  expect(stateOf(null, now)).toBe("valid");
  expect(stateOf("2027-01-01T00:00:00Z", now)).toBe("valid");
  expect(stateOf("2026-12-01T00:00:00Z", now)).toBe("expires-soon");
  expect(stateOf("2026-11-27T12:00:00Z", now)).toBe("expired");
});
