// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Rule } from "../../model/rule-text";
import { exportText, importText } from "./files";

const rule: Rule = {
  id: "sgr-1",
  direction: "ingress",
  nic_type: "intranet",
  policy: "accept",
  protocol: "tcp",
  ports: "80/80",
  object: { cidr: "10.0.0.0/8" },
  priority: 1,
  description: "web",
  author: "admin",
  hits: "3",
  created: "2026-11-27T00:00:00Z",
};
const { id: _id, author: _author, hits: _hits, created: _created, ...said } = rule;

test("what was exported is imported", () => {
  expect(importText(exportText("sg-1", [rule]))).toEqual({ rules: [said] });
  expect(JSON.parse(exportText("sg-1", [rule]))).toEqual({ group: "sg-1", rules: [said] });
});

test("lists, answers of the API and rules in words are taken, too", () => {
  expect(importText(JSON.stringify([rule, "allow tcp 443 from any"]))).toEqual({
    rules: [said, "allow tcp 443 from any"],
  });
  expect(importText(JSON.stringify({ items: [rule], next: null }))).toEqual({ rules: [said] });
});

test.each([
  ["{", "not-json"],
  ["7", "no-rules"],
  ["[]", "no-rules"],
  ['{"rules":{}}', "no-rules"],
  ['["allow tcp 1 from any", {"policy":"accept"}]', "not-a-rule"],
  ["[null]", "not-a-rule"],
  ['["  "]', "not-a-rule"],
])("%s is refused as %s", (text, problem) => {
  expect(importText(text)).toMatchObject({ problem });
});
