// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { historyLines } from "./history-lines";

const rule = {
  direction: "ingress",
  nic_type: "intranet",
  policy: "accept",
  protocol: "tcp",
  ports: "80/80",
  priority: 1,
  object: { cidr: "0.0.0.0/0" },
  description: "web",
};
const entry = (...changes: object[]) =>
  ({
    sequence: "1",
    revision: "1",
    time: "",
    who: "",
    from: "",
    action: "",
    objects: [],
    changes,
  }) as unknown as Schemas["LogItem"];
const lines = (...changes: object[]) =>
  historyLines(entry(...changes), "sg-1", (id) => ({ "sg-2": "db" })[id] ?? id).map(
    ({ sign, text }) => `${sign} ${text}`,
  );

test("rules come, go and change", () => {
  expect(
    lines(
      { kind: "rule", id: "sgr-1", security_group: "sg-1", before: null, after: rule },
      { kind: "rule", id: "sgr-2", security_group: "sg-1", before: rule, after: { ...rule, priority: 9 } },
      {
        kind: "rule",
        id: "sgr-3",
        security_group: "sg-2",
        before: { ...rule, object: { group: "sg-1" } },
        after: null,
      },
      { kind: "rule", id: "sgr-4", security_group: "sg-2", before: null, after: rule },
    ),
  ).toEqual([
    "+ allow tcp 80 from 0.0.0.0/0",
    "- allow tcp 80 from 0.0.0.0/0",
    "+ allow tcp 80 from 0.0.0.0/0 priority 9",
    "- db: allow tcp 80 from group:sg-1",
  ]);
});

test("settings tell what they were", () => {
  const before = { id: "sg-1", name: "web", description: "", inner_access: "accept", rule_count: 3 };
  expect(
    lines({
      kind: "security_group",
      id: "sg-1",
      before,
      after: { ...before, inner_access: "drop", description: "x", rule_count: 4 },
    }),
  ).toEqual(["~ description: — → x", "~ inner_access: accept → drop"]);
  expect(lines({ kind: "security_group", id: "sg-1", before: null, after: before })).toEqual(["+ security group web"]);
});

test("members come and go; who names the group before and after is no news", () => {
  const node = { name: "n1", security_groups: [] as string[] };
  expect(
    lines(
      { kind: "node", id: "n-1", before: node, after: { ...node, security_groups: ["sg-1"] } },
      { kind: "node", id: "n-2", before: { security_groups: ["sg-1"] }, after: null },
      {
        kind: "node",
        id: "n-3",
        before: { name: "a", security_groups: ["sg-1"] },
        after: { name: "b", security_groups: ["sg-1"] },
      },
    ),
  ).toEqual(["+ node n1", "- node n-2"]);
});
