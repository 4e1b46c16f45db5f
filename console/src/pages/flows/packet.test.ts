// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Flow } from "./buffer";
import { serviceOf, whyOf } from "./packet";

const flow: Flow = {
  node: "n-1",
  name: "web-1",
  verdict: "refused",
  direction: "ingress",
  interface: "eth0",
  protocol: "tcp",
  port: 6379,
  remote: "203.0.113.9",
  count: "1",
  first: "2026-11-27T00:00:00Z",
  last: "2026-11-27T00:00:00Z",
};

const ask = (patch: Partial<Flow>) => {
  const link = whyOf({ ...flow, ...patch });
  return link === null ? null : Object.fromEntries(new URLSearchParams(link.split("?")[1]));
};

test("what came in is asked from the remote to the node's service", () => {
  expect(ask({})).toEqual({ from: "203.0.113.9", to: "web-1:6379/tcp", interface: "eth0" });
});

test("what went out is asked from the node to the remote's service", () => {
  expect(ask({ direction: "egress", remote: "2001:db8::1", protocol: "udp", port: 53 })).toEqual({
    from: "web-1",
    to: "[2001:db8::1]:53/udp",
    interface: "eth0",
  });
});

test("a protocol without ports is asked without one", () => {
  expect(ask({ protocol: "icmp", port: 0 })?.to).toBe("web-1/icmp");
  expect(serviceOf({ ...flow, protocol: "icmp", port: 0 })).toBe("icmp");
});

test("no packet stands for many", () => {
  expect(ask({ remote: undefined })).toBeNull();
  expect(ask({ protocol: undefined, port: undefined, others: true })).toBeNull();
});
