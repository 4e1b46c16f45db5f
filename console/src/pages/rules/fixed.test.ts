// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { findingsByRule, worst } from "./findings";
import { fixedOf } from "./fixed";
import { isIn, tabsOf } from "./tabs";

const [inbound, outbound] = tabsOf("vpc");
const open = { kind: "basic", inner_access: "accept" } as const;
const list = (...given: Parameters<typeof fixedOf>) => {
  const { before, after } = fixedOf(...given);
  return [...before.map(({ text }) => text), "|", ...after.map(({ text, policy }) => `${text} ${policy}`)].join(" ");
};

test("the tables are those of the network", () => {
  expect(tabsOf("vpc").map(({ key }) => key)).toEqual(["ingress", "egress"]);
  expect(tabsOf("classic").map(({ key }) => key)).toEqual([
    "intranet-ingress",
    "intranet-egress",
    "internet-ingress",
    "internet-egress",
  ]);
  expect(
    tabsOf("classic")
      .filter((tab) => isIn(tab, { direction: "egress", nic_type: "internet" }))
      .map(({ key }) => key),
  ).toEqual(["internet-egress"]);
});

test("system rules, inner access and the default stand around the rules", () => {
  expect(list(inbound!, open, { management_cidrs: ["10.0.0.0/8"] })).toBe(
    "spoofed neighbours known-flows management inner-from | default-ingress drop",
  );
  expect(list(inbound!, { kind: "basic", inner_access: "drop" })).toBe(
    "spoofed neighbours known-flows | default-ingress drop",
  );
  expect(list(outbound!, open)).toBe("spoofed neighbours known-flows controller inner-to | default-egress accept");
});

test("enterprise groups let nothing out by default, and internet interfaces have no inner access", () => {
  expect(list(outbound!, { kind: "enterprise", inner_access: "drop" })).toBe(
    "spoofed neighbours known-flows controller | default-egress-enterprise drop",
  );
  expect(list(tabsOf("classic")[2]!, open)).toBe("spoofed neighbours known-flows | default-ingress drop");
});

test("findings stand at the rules that cause them, but not when they are suppressed", () => {
  const audit = {
    check: "open-ssh",
    severity: "high" as const,
    subject: { kind: "cluster" as const, id: "c", name: "c" },
    group: "sg-1",
    title: "",
    detail: "",
    reason: "",
    mend: "",
    default: false,
    rules: ["sgr-1", "sgr-2"],
  };
  const lint = {
    finding: "duplicate" as const,
    rule: "sgr-1",
    group: "sg-1",
    text: "",
    because: [],
    mend: { action: "remove" as const },
  };
  const found = findingsByRule(
    "sg-1",
    [audit, { ...audit, suppressed: "known" }, { ...audit, group: "sg-2", rules: ["sgr-9"] }],
    [lint],
  );
  expect([...found].map(([rule, list]) => [rule, ...list.map(({ check }) => check)])).toEqual([
    ["sgr-1", "open-ssh", "duplicate"],
    ["sgr-2", "open-ssh"],
  ]);
  expect(worst(found.get("sgr-1")!)).toBe("high");
  expect(worst([])).toBeNull();
});
