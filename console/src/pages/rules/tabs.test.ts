// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Rule } from "../../model/rule-text";
import { tabOfRule, tabsOf } from "./tabs";

const rule = (id: string, direction: Rule["direction"], nic_type: Rule["nic_type"]) =>
  ({ id, direction, nic_type }) as Rule;

test("a rule that a link names is found in the tab where it stands", () => {
  const rules = [rule("sgr-1", "ingress", "intranet"), rule("sgr-2", "ingress", "internet")];
  expect(tabOfRule(tabsOf("classic"), rules, "sgr-2")?.key).toBe("internet-ingress");
  expect(tabOfRule(tabsOf("vpc"), rules, "sgr-1")?.key).toBe("ingress");
});

test("a rule that is gone, or none, stands in no tab", () => {
  expect(tabOfRule(tabsOf("vpc"), [], "sgr-1")).toBeUndefined();
  expect(tabOfRule(tabsOf("vpc"), [rule("sgr-1", "ingress", "intranet")], undefined)).toBeUndefined();
});
