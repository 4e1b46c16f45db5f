// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { looksLikeCidr } from "../../model/cidr";
import { badCidr, splitCidrs } from "./cidrs";

test("prefixes are parted by whatever people paste", () => {
  expect(splitCidrs(" 10.0.0.0/8,10.1.0.0/16\n10.0.0.0/8 ; 192.0.2.1，::1 ")).toEqual([
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.0.2.1",
    "::1",
  ]);
  expect(splitCidrs(" \n ")).toEqual([]);
});

test("a list has one family", () => {
  expect(badCidr(["10.0.0.0/8", "2001:db8::/32"], 4)).toBe("2001:db8::/32");
  expect(badCidr(["2001:db8::/32", "10.0.0.0/8"], 6)).toBe("10.0.0.0/8");
  expect(badCidr(["10.0.0.0/8", "office"], 4)).toBe("office");
  expect(badCidr(["10.0.0.0/8", "192.0.2.7"], 4)).toBeUndefined();
});

test.each([
  ["10.0.0.0/8", true],
  ["10.0.0.1", true],
  ["10.0.0.0/33", false],
  ["10.0.0/8", false],
  ["10.0.0.256", false],
  ["2001:db8::/32", true],
  ["::ffff:10.0.0.1", true],
  ["2001:db8::/129", false],
  ["10.0.0.0/8/9", false],
  ["example.org", false],
  ["", false],
])("%s looks like a prefix: %s", (text, good) => expect(looksLikeCidr(text)).toBe(good));
