// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bodyOf, portsError } from "./values";

test.each([
  ["443", undefined],
  ["8000-8100", undefined],
  ["", undefined],
  [undefined, undefined],
  ["0", "ports-wrong"],
  ["70000", "ports-wrong"],
  ["90-80", "ports-wrong"],
  ["80,443", "ports-wrong"],
])("ports %s", (text, error) => expect(portsError(text)).toBe(error));

test("the form makes the promise that it shows", () => {
  expect(
    bodyOf({
      policy: "accept",
      network: "vpc-1",
      protocol: "tcp",
      ports: "8000-8100",
      from: "cidr 2001:db8::/32",
      to: "group sg-1",
      reason: " the shop needs it ",
    }),
  ).toEqual({
    policy: "accept",
    network: "vpc-1",
    protocol: "tcp",
    ports: "8000/8100",
    from: { cidr: "2001:db8::/32" },
    to: { group: "sg-1" },
    reason: "the shop needs it",
  });
});

test("ports of a protocol that has none are left out", () => {
  const body = bodyOf({ policy: "deny", network: "v", protocol: "icmp", ports: "80", from: "prefix_list pl-1", to: "cidr ::/0" });
  expect(body).toMatchObject({ from: { prefix_list: "pl-1" } });
  expect(body.ports).toBeUndefined();
});
