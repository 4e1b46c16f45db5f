// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Rule } from "../../model/rule-text";
import type { Finding } from "./findings";
import { filterRows, formatSort, parseSort, type RuleRow, sortRows } from "./select";

const low: Finding = { source: "audit", severity: "low", check: "x", title: "", detail: "" };
const row = (id: string, more: Partial<Rule> = {}, findings: Finding[] = []): RuleRow => ({
  rule: {
    id,
    direction: "ingress",
    nic_type: "intranet",
    policy: "accept",
    protocol: "tcp",
    ports: "80/80",
    object: { cidr: "10.0.0.0/8" },
    priority: 1,
    description: "",
    author: "admin",
    hits: "0",
    ...more,
  },
  findings,
});
const rows = [
  row("a", { ports: "443/443", priority: 5, hits: "9" }, [low]),
  row("b", { ports: "8000/9000", hits: "10000000000000000000", description: "Web farm" }),
  row("c", { policy: "drop", protocol: "udp", ports: "53/53", object: { group: "sg-1" } }),
  row("d", { protocol: "icmp", ports: "-1/-1", object: { prefix_list: "pl-1" } }),
];
const nameOf = (id: string) => ({ "sg-1": "shop", "pl-1": "office" })[id] ?? id;
const found = (filter: Partial<Parameters<typeof filterRows>[1]>) =>
  filterRows(rows, { text: "", withFindings: false, ...filter }, nameOf)
    .map(({ rule }) => rule.id)
    .join("");
const order = (text: string | null) =>
  sortRows(rows, parseSort(text), nameOf)
    .map(({ rule }) => rule.id)
    .join("");

test("a number finds the rules whose ports take it in", () => {
  expect(found({ text: "8443" })).toBe("b");
  expect(found({ text: "443" })).toBe("a");
  expect(found({ text: "53" })).toBe("c");
});

test("a text is looked for in all that people read", () => {
  expect(found({ text: " WEB " })).toBe("b");
  expect(found({ text: "shop" })).toBe("c");
  expect(found({ text: "prefix-list:off" })).toBe("d");
  expect(found({ text: "udp" })).toBe("c");
  expect(found({ text: "nothing" })).toBe("");
});

test("filters go together", () => {
  expect(found({ policy: "accept", object: "cidr" })).toBe("ab");
  expect(found({ policy: "accept", object: "cidr", withFindings: true })).toBe("a");
});

test("without a wish rules stand as they decide: by priority, drop first", () => {
  expect(order(null)).toBe("cdba");
  expect(order("nonsense")).toBe("cdba");
});

test("rules of one priority that are alike stand together, whatever their ids", () => {
  const ssh = (id: string, cidr: string) => row(id, { ports: "22/22", object: { cidr } });
  const mixed = [ssh("z", "::/0"), row("m"), ssh("b", "10.0.0.0/8"), row("a", { protocol: "icmp" }), ssh("q", "9.0.0.0/8")];
  const ids = sortRows(mixed, parseSort(null), nameOf).map(({ rule }) => rule.id);
  expect(ids.join("")).toBe("aqbzm"); // IPv4 before IPv6
});

test("rules are ordered by any column, both ways, numbers as numbers", () => {
  expect(order("-hits")).toBe("bacd");
  expect(order("ports")).toBe("dcab");
  expect(order("-findings")).toBe("acdb");
  expect(order("object")).toBe("bacd");
  expect(formatSort(parseSort("-created"))).toBe("-created");
});
