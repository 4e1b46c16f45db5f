// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Balancer, bodyOf, listenerText, valuesOf } from "./balancer";

const edge: Balancer = {
  id: "lb-1",
  name: "edge",
  cluster: "c1",
  client_ip: "kept",
  sources: { group: "sg-1" },
  listeners: [{ protocol: "tcp", port: 443, backend_port: 8443 }],
};

test("a load balancer goes through the form unchanged", () => {
  const { id: _id, cluster: _cluster, ...body } = edge;
  expect(bodyOf(valuesOf(edge))).toEqual(body);
  expect(bodyOf(valuesOf({ ...edge, sources: { cidrs: ["10.0.0.9"] } })).sources).toEqual({ cidrs: ["10.0.0.9"] });
});

test("a backend port that is left out is the listener's own", () => {
  const values = { ...valuesOf(null), name: "x", listeners: [{ protocol: "tcp", port: 80 }] };
  expect(bodyOf(values).listeners).toEqual([{ protocol: "tcp", port: 80, backend_port: 80 }]);
});

test("ports that are one are told once", () => {
  expect(listenerText({ protocol: "tcp", port: 443, backend_port: 8443 })).toBe("tcp 443 → 8443");
  expect(listenerText({ protocol: "udp", port: 53, backend_port: 53 })).toBe("udp 53");
});
