// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { cidrRule, isAddress, looksLikeCidr, splitCidrs } from "./cidr";

test.each(["10.0.0.0/8", "0.0.0.0/0", "203.0.113.9", "fd00::/64", "::/0", "2001:db8::1", "::ffff:10.0.0.1/128"])(
  "%s is a CIDR",
  (text) => expect(looksLikeCidr(text)).toBe(true),
);

test.each([
  "",
  "10.0.0/8",
  "10.0.0.256",
  "10.0.0.0/33",
  "10.0.0.0/8/8",
  "fd00:::/64",
  "fd00::/129",
  "a::b::c",
  "host",
  "1:2:3",
])("%s is none", (text) => expect(looksLikeCidr(text)).toBe(false));

test("an address has no length", () => {
  expect(isAddress("10.0.0.1")).toBe(true);
  expect(isAddress("10.0.0.1/32")).toBe(false);
});

test("what is pasted is cut, and each is kept once", () => {
  expect(splitCidrs(["10.0.0.0/8, fd00::/64", "10.0.0.0/8", " "])).toEqual(["10.0.0.0/8", "fd00::/64"]);
});

test("a form names the one that is wrong", async () => {
  const { validator } = cidrRule(looksLikeCidr, (text) => `bad ${text}`);
  await expect(validator(null, ["10.0.0.0/8", "x"])).rejects.toThrow("bad x");
  await expect(validator(null, undefined)).resolves.toBeUndefined();
});
