// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { BUFFER_MAX, emptyBuffer, type Flow, resume, take } from "./buffer";

const flow = (count: number, verdict: Flow["verdict"] = "accepted"): Flow => ({
  node: "n-1",
  name: "web-1",
  verdict,
  direction: "ingress",
  count: String(count),
  first: "2026-11-27T00:00:00Z",
  last: "2026-11-27T00:00:00Z",
});

test("the newest stands first, and every line has a number of its own", () => {
  let buffer = take(emptyBuffer, [flow(1), flow(2)], false);
  buffer = take(buffer, [flow(3)], false);
  expect(buffer.rows.map((row) => row.flow?.count)).toEqual(["3", "2", "1"]);
  expect(new Set(buffer.rows.map(({ number }) => number)).size).toBe(3);
});

test("it stays within bounds, also while it is paused", () => {
  const many = Array.from({ length: BUFFER_MAX + 20 }, (_, i) => flow(i));
  let buffer = take(emptyBuffer, many, false);
  expect(buffer.rows).toHaveLength(BUFFER_MAX);
  expect(buffer.rows[0]!.flow?.count).toBe(String(BUFFER_MAX + 19));
  buffer = take(buffer, many, true);
  expect(buffer.waiting).toHaveLength(BUFFER_MAX);
  expect(buffer.held).toBe(BUFFER_MAX + 20);
  expect(resume(buffer).rows).toHaveLength(BUFFER_MAX);
});

test("pausing holds the list still and loses nothing of the counts", () => {
  const before = take(emptyBuffer, [flow(1)], false);
  const paused = take(before, [flow(5, "refused"), null], true);
  expect(paused.rows).toEqual(before.rows);
  expect(paused.counts).toEqual({ accepted: 1, refused: 5, "would-drop": 0 });
  const shown = resume(paused);
  expect(shown.rows.map((row) => row.flow?.count)).toEqual([undefined, "5", "1"]);
  expect(shown).toMatchObject({ waiting: [], held: 0 });
});
