// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { exposureOf, type OpenService, portsText } from "./exposure";

const open = (protocol: string, ports: string, ipv4 = true, ipv6 = true): OpenService => ({
  protocol,
  ports,
  ipv4,
  ipv6,
});

test("ports are written as people write them", () => {
  expect(portsText("22/22")).toBe("22");
  expect(portsText("8000/8100")).toBe("8000–8100");
  expect(portsText("-1/-1")).toBe("");
});

test("the ports of TCP stand for themselves, other protocols are named", () => {
  const exposure = exposureOf([
    open("icmp", "-1/-1", true, false),
    open("tcp", "22/22"),
    open("tcp", "80/80"),
    open("udp", "53/53"),
    open("gre", "-1/-1"),
    open("icmpv6", "-1/-1", false, true),
  ]);
  expect(exposure).toEqual({ everything: false, services: ["22", "80", "udp 53", "gre"], ping: true });
});

test("all ports of TCP are not taken for no port", () => {
  expect(exposureOf([open("tcp", "-1/-1")]).services).toEqual(["tcp"]);
});

test("a service that is open in each family by itself is told once", () => {
  expect(exposureOf([open("tcp", "22/22", true, false), open("tcp", "22/22", false, true)]).services).toEqual(["22"]);
});

test("everything is everything, and nothing is nothing", () => {
  expect(exposureOf([open("all", "-1/-1", true, false)]).everything).toBe(true);
  expect(exposureOf([])).toEqual({ everything: false, services: [], ping: false });
});
