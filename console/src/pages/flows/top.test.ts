// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Flow } from "./buffer";
import { shares, talkers } from "./top";

const flow = (patch: Partial<Flow>): Flow => ({
  node: "n-1",
  name: "web-1",
  verdict: "accepted",
  direction: "ingress",
  protocol: "tcp",
  port: 443,
  remote: "203.0.113.9",
  cause: "sgr-1",
  count: "10",
  first: "2026-11-27T00:00:00Z",
  last: "2026-11-27T00:00:00Z",
  ...patch,
});

const flows = [
  flow({}),
  flow({ port: 6379, verdict: "refused", count: "25", cause: "default" }),
  flow({ remote: "198.51.100.7", name: "web-2", count: "30" }),
  flow({ remote: undefined, protocol: undefined, port: undefined, others: true, cause: undefined, count: "99" }),
];

test("records are summed up by each part, the highest first", () => {
  expect(talkers(flows, "remote", 10).map(({ name, sum }) => [name, sum])).toEqual([
    ["203.0.113.9", 35],
    ["198.51.100.7", 30],
  ]);
  expect(talkers(flows, "service", 10).map(({ name, sum }) => [name, sum])).toEqual([
    ["tcp 443", 40],
    ["tcp 6379", 25],
  ]);
  expect(talkers(flows, "node", 10)[0]).toMatchObject({ name: "web-1", counts: { accepted: 109, refused: 25 } });
  expect(talkers(flows, "cause", 1)).toHaveLength(1);
});

test("a rule that is still there leads to it, whatever was seen first", () => {
  const seen = [flow({}), flow({ group: "sg-1" })];
  expect(talkers(seen, "cause", 10)[0]!.flow.group).toBe("sg-1");
});

test("shares of a bar add up to what it is of the highest", () => {
  const [first] = talkers(flows, "remote", 10);
  expect(shares(first!, 70)).toEqual([
    { verdict: "accepted", percent: (100 * 10) / 70 },
    { verdict: "refused", percent: (100 * 25) / 70 },
  ]);
});
