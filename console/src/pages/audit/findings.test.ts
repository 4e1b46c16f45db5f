// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { choices, counts, type Filter, type Finding, filterOf, shown } from "./findings";

const finding = (check: string, severity: Finding["severity"], cluster: string, suppressed?: string): Finding => ({
  check,
  severity,
  subject: { kind: "cluster", id: `c-${cluster}`, name: cluster },
  group: "sg",
  title: "",
  detail: "",
  reason: "",
  mend: "",
  default: false,
  rules: [],
  suppressed,
});

const findings = [
  finding("all-ports-open", "critical", "shop"),
  finding("open-ssh", "high", "demo", "bastion comes in May"),
  finding("open-redis", "high", "shop"),
  finding("icmp-open", "info", "demo"),
];
const everything: Filter = { severities: [], accepted: false };
const checks = (filter: Filter) => shown(findings, filter).map(({ check }) => check);

test("accepted findings are shown when asked for, after the others", () => {
  expect(checks(everything)).toEqual(["all-ports-open", "open-redis", "icmp-open"]);
  expect(checks({ ...everything, accepted: true })).toEqual(["all-ports-open", "open-redis", "icmp-open", "open-ssh"]);
});

test.each([
  ["severity=high", ["open-redis"]],
  ["severity=high&severity=info", ["open-redis", "icmp-open"]],
  ["cluster=demo", ["icmp-open"]],
  ["cluster=c-shop&check=open-redis", ["open-redis"]],
  ["cluster=shop&severity=info", []],
  ["severity=terrible", ["all-ports-open", "open-redis", "icmp-open"]],
])("the address ?%s shows what it says", (query, expected) =>
  expect(checks(filterOf(new URLSearchParams(query)))).toEqual(expected),
);

test("counts are of what is not accepted, whatever severity is chosen", () => {
  expect(counts(findings, { severities: ["info"], accepted: true })).toEqual({
    critical: 1,
    high: 1,
    medium: 0,
    low: 0,
    info: 1,
  });
});

test("choices are what anything was found at", () => {
  const found = choices(findings);
  expect(found.subjects.map(({ name }) => name)).toEqual(["demo", "shop"]);
  expect(found.checks).toHaveLength(4);
});
