// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { endText, inOrder, type PromiseState, trafficOf, witnessLink, witnessText } from "./sentence";

const promise = (given: Partial<PromiseState>): PromiseState => ({
  id: "pr-1",
  network: "vpc-1",
  policy: "deny",
  state: "kept",
  interfaces: 1,
  ...given,
});
const names = { group: (id: string) => `the ${id}`, list: (id: string) => `list ${id}` };
const witness = {
  interface: "eth0",
  direction: "ingress" as const,
  protocol: "tcp",
  remote: "172.18.0.5",
  remote_port: 40000,
  local: "10.0.0.1",
  local_port: 6379,
};

test("broken promises stand first", () => {
  const states = (["kept", "idle", "broken", "unknown"] as const).map((state) => promise({ state }));
  expect(inOrder(states).map(({ state }) => state)).toEqual(["broken", "unknown", "idle", "kept"]);
});

test.each([
  [{ cidr: "10.0.0.0/8" }, "10.0.0.0/8"],
  [{ group: "sg-1" }, "the sg-1"],
  [{ prefix_list: "pl-1" }, "list pl-1"],
])("the end %j has a name", (end, text) => expect(endText(end, names)).toBe(text));

test("traffic is said as on other pages", () => {
  expect(trafficOf({ protocol: "tcp", ports: "5432/5432" })).toBe("tcp 5432");
  expect(trafficOf({ protocol: "all", ports: "-1/-1" })).toBe("all");
});

test("a witness is told and can be asked about", () => {
  expect(witnessText(witness)).toBe("172.18.0.5:40000 → 10.0.0.1:6379 tcp");
  expect(witnessText({ ...witness, direction: "egress" })).toBe("10.0.0.1:6379 → 172.18.0.5:40000 tcp");
  expect(witnessLink(promise({ node: "n-1", witness }))).toContain("/trace?node=n-1&interface=eth0&direction=ingress");
  expect(witnessLink(promise({}))).toBeNull();
});
