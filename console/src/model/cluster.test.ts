// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Cluster, healthOf, matches } from "./cluster";

const none = { connected: 0, lagging: 0, offline: 0, degraded: 0, monitored: 0, detached: 0 };
const health = (nodes: Partial<Cluster["nodes"]>, enforcement: Cluster["enforcement"] = "enforce") =>
  healthOf({ enforcement, nodes: { total: 3, ...none, ...nodes } });

test("a cluster is enforced only when every node with an agent enforces", () => {
  expect(health({ connected: 3 })).toEqual({ state: "connected", count: 3, total: 3, healthy: 3 });
  expect(health({ connected: 2, offline: 1 })).toEqual({ state: "offline", count: 1, total: 3, healthy: 2 });
  expect(health({ connected: 2, lagging: 1 }).state).toBe("lagging");
});

test("the worst state is told", () => {
  expect(health({ degraded: 1, offline: 1, monitored: 1 }).state).toBe("degraded");
});

test("a node that only watches is healthy where that is all it shall do, and never looks enforced", () => {
  expect(health({ monitored: 3 }, "monitor")).toMatchObject({ state: "monitored", healthy: 3 });
  expect(health({ connected: 2, monitored: 1 })).toMatchObject({ state: "monitored", healthy: 2 });
});

test("no nodes, and none with an agent, are no success", () => {
  expect(healthOf({ enforcement: "enforce", nodes: { total: 0, ...none } }).state).toBe("empty");
  expect(health({}).state).toBe("unmanaged");
});

test("every word that is looked for must be found", () => {
  const cluster = { name: "Shop", id: "c1", security_group: "sg-9", type: "swarm" } as Cluster;
  expect(matches(cluster, "prod", "shop")).toBe(true);
  expect(matches(cluster, "prod", "shop prod")).toBe(true);
  expect(matches(cluster, "prod", "sg-9 test")).toBe(false);
  expect(matches(cluster, "prod", "")).toBe(true);
});
