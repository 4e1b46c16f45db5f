// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { groupRows, selectRows } from "./rows";

const head = (id: string, more: Partial<Schemas["SecurityGroupHead"]> = {}): Schemas["SecurityGroupHead"] => ({
  id,
  name: id,
  description: "",
  network: "vpc-1",
  kind: "basic",
  inner_access: "accept",
  midstream: "accept",
  rule_count: 0,
  member_count: 0,
  ...more,
});
const rows = groupRows(
  [head("sg-2", { name: "zeta", description: "Databases", tags: { env: "production" } }), head("sg-1", { name: "c-1-group", managed_by: "c-1" })],
  [{ id: "c-1", name: "shop" }],
  [{ id: "vpc-1", name: "prod" }],
);
const ids = (found: typeof rows) => found.map(({ group }) => group.id);

test("a cluster's group goes by the cluster's name, and names are in order", () => {
  expect(rows.map(({ name, network, cluster }) => [name, network, cluster?.id])).toEqual([
    ["shop", "prod", "c-1"],
    ["zeta", "prod", undefined],
  ]);
});

test("rows are chosen by owner and by text", () => {
  expect(ids(selectRows(rows, "managed", ""))).toEqual(["sg-1"]);
  expect(ids(selectRows(rows, "free", ""))).toEqual(["sg-2"]);
  expect(ids(selectRows(rows, "all", " DATA "))).toEqual(["sg-2"]);
  expect(ids(selectRows(rows, "all", "prod"))).toEqual(["sg-1", "sg-2"]);
  expect(ids(selectRows(rows, "all", "env: prod"))).toEqual(["sg-2"]);
  expect(ids(selectRows(rows, "free", "shop"))).toEqual([]);
});
