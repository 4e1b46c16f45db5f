// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { causesOf, cutOf, type NodeForecast } from "./forecast";

test("all connections that would be cut are counted, also those beyond the list", () => {
  const node = {
    connections: [{}, {}],
    connections_cut: "70",
    listeners: [{ opened: true }, { opened: false }],
  } as unknown as NodeForecast;
  expect(cutOf(node)).toEqual({ connections: 70, listeners: 1 });
});

test("causes stand with the most frequent first, and those that never were do not stand at all", () => {
  expect(causesOf({ default: "3", "sgr-1": "20", martian: "0" })).toEqual([
    ["sgr-1", 20],
    ["default", 3],
  ]);
});
