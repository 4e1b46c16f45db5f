// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { formatEnd, parseEnd } from "./ends";
import { fieldsOf, paramsOf, questionOf } from "./question";

test.each([
  ["node-1", { who: "node-1" }],
  ["node-1:443", { who: "node-1", port: 443 }],
  ["node-1:443/tcp", { who: "node-1", port: 443, protocol: "tcp" }],
  ["10.0.0.5/icmp", { who: "10.0.0.5", protocol: "icmp" }],
  ["2001:db8::5", { who: "2001:db8::5" }],
  ["[2001:db8::5]:53/udp", { who: "2001:db8::5", port: 53, protocol: "udp" }],
  ["2001:db8::5/icmpv6", { who: "2001:db8::5", protocol: "icmpv6" }],
])("the end %s is read and written", (text, end) => {
  expect(parseEnd(text)).toMatchObject(end);
  expect(formatEnd(parseEnd(text))).toBe(text);
});

test("what is filled in is asked by the address, and shown again", () => {
  const fields = { from: "203.0.113.9", to: "2001:db8::5", protocol: "udp", port: 53, iface: "eth1" };
  expect(fieldsOf(questionOf(paramsOf(fields)))).toEqual(fields);
});

test("a protocol without ports asks for none, whatever was filled in", () => {
  expect(paramsOf({ from: "a", to: "b", protocol: "icmp", port: 443 }).get("to")).toBe("b/icmp");
});

test("a drop event is asked as it was reported", () => {
  const params = new URLSearchParams(
    "node=n-1&interface=eth0&direction=ingress&protocol=tcp&local=10.0.0.1&local_port=6379&remote=192.0.2.7&remote_port=4000&cause=default",
  );
  const question = questionOf(params);
  expect(question).toEqual({
    kind: "drop",
    node: "n-1",
    event: {
      interface: "eth0",
      direction: "ingress",
      protocol: "tcp",
      local: "10.0.0.1",
      local_port: 6379,
      remote: "192.0.2.7",
      remote_port: 4000,
      cause: "default",
    },
  });
  expect(fieldsOf(question)).toMatchObject({ from: "192.0.2.7", to: "n-1", port: 6379 });
});

test.each(["", "from=a", "node=n-1&interface=eth0", "node=n-1&interface=eth0&direction=in&local=1&remote=2"])(
  "the address ?%s asks nothing",
  (text) => expect(questionOf(new URLSearchParams(text))).toBeNull(),
);
