// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { expiryOf, type NodeStatus, versions } from "./versions";

const node = (agent_version: string) => ({ agent_version }) as NodeStatus;

test("versions are counted, those that never reported are not", () => {
  expect(versions([node("0.2.0"), node(""), node("0.1.0"), node("0.1.0")])).toEqual([
    { version: "0.1.0", count: 2 },
    { version: "0.2.0", count: 1 },
  ]);
  expect(versions([])).toEqual([]);
});

test("a certificate is told of three weeks before its end", () => {
  const now = Date.UTC(2026, 10, 27);
  expect(expiryOf("2027-01-01T00:00:00Z", now)).toBe("good");
  expect(expiryOf("2026-12-10T00:00:00Z", now)).toBe("expiring");
  expect(expiryOf("2026-11-27T00:00:00Z", now)).toBe("expired");
});
