// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { graphOf, layOut } from "./graph";
import { type Matrix, serviceOf, serviceQuery, servicesText, shown, sourceQuery } from "./matrix";

const matrix: Matrix = {
  zones: [
    { id: "internet-4", name: "internet-4" },
    { id: "management", name: "management" },
    { id: "sg-demo", name: "demo" },
    { id: "sg-idle", name: "idle" },
  ],
  zones_omitted: 0,
  items: [
    { cluster: "old", protocol: "all", ports: ["-1/-1"], reach: { "internet-4": "all" } },
    { cluster: "demo", protocol: "tcp", ports: ["0/21"], reach: { "sg-demo": "all" } },
    { cluster: "demo", protocol: "tcp", ports: ["22/22"], reach: { "internet-4": "some", management: "all" } },
    { cluster: "demo", protocol: "tcp", ports: ["80/80"], reach: { "internet-4": "all", management: "all" } },
    { cluster: "demo", protocol: "tcp", ports: ["443/443"], reach: { "internet-4": "all", management: "all" } },
  ],
};
const own = new Map([["demo", "sg-demo"]]);

describe("what is shown", () => {
  test("leaves out zones that reach nothing and what only a cluster's members reach", () => {
    const { rows, zones } = shown(matrix, { inner: false }, own);
    expect(rows.map(serviceOf)).toEqual(["tcp 22", "tcp 80", "tcp 443", "all"]);
    expect(zones.map(({ id }) => id)).toEqual(["internet-4", "management"]);
  });

  test("has traffic within a cluster when it is asked for", () => {
    const { rows, zones } = shown(matrix, { inner: true, cluster: "demo" }, own);
    expect(rows).toHaveLength(4);
    expect(zones.map(({ id }) => id)).toContain("sg-demo");
  });

  test("is of one zone when it is asked for", () => {
    expect(shown(matrix, { inner: false, zone: "management" }, own).rows).toHaveLength(3);
  });
});

test.each([
  [{ protocol: "tcp", ports: ["22/22"] }, "tcp 22", "tcp/22"],
  [{ protocol: "udp", ports: ["8000/8100"] }, "udp 8000-8100", "udp/8000-8100"],
  [{ protocol: "tcp", ports: ["0/65535"] }, "tcp", "tcp"],
  [{ protocol: "tcp", ports: ["0/21"] }, "tcp 0-21", "tcp/1-21"],
  [{ protocol: "icmp", ports: ["-1/-1"] }, "icmp", "icmp"],
  [{ protocol: "2-5", ports: ["-1/-1"] }, "2-5", "protocol/2-5"],
  [{ protocol: "all", ports: ["-1/-1"] }, "all", undefined],
])("%j is shown and asked about", (row, text, query) => {
  expect(serviceOf(row)).toBe(text);
  expect(serviceQuery(row)).toBe(query);
});

test("zones are asked about by their addresses", () => {
  expect(["internet-6", "management", "sg-1"].map((zone) => sourceQuery(zone, "demo"))).toEqual([
    "internet-6",
    "management:demo",
    "group:sg-1",
  ]);
});

test("services are named in few words", () => {
  expect(servicesText(matrix.items.slice(2, 5))).toBe("tcp 22, 80, 443");
});

describe("the picture", () => {
  const filter = { inner: false };
  const { rows, zones } = shown(matrix, filter, own);
  const graph = graphOf(rows, zones, filter, own);

  test("joins services that the same zones reach alike", () => {
    expect(graph.bundles.map(({ text }) => text)).toEqual(["tcp 22", "tcp 80, 443", "all"]);
    expect(graph.edges.filter(({ extent }) => extent === "some")).toHaveLength(1);
    expect(graph.edges).toHaveLength(5);
  });

  test("gives everything a place, and no two boxes the same", () => {
    const places = [...layOut(graph).values()];
    expect(places).toHaveLength(graph.zones.length + graph.bundles.length + graph.clusters.length);
    for (const [index, a] of places.entries())
      for (const b of places.slice(index + 1))
        expect(
          a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
        ).toBe(true);
  });
});
