// SPDX-License-Identifier: Apache-2.0
import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GATHER_MS, makesOld, Renewal, SLOW_GATHER_MS } from "./renewal";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIST = ["get", "/v1/clusters"];
const SUMMARY = ["get", "/v1/audit/summary"];

function world() {
  const client = new QueryClient();
  client.setQueryData(LIST, 1);
  client.setQueryData(SUMMARY, 1);
  const isOld = (key: string[]) => client.getQueryState(key)?.isInvalidated ?? false;
  return { client, renewal: new Renewal(client), isOld };
}

test("a change makes everything old, a node's state what shows states, and nothing makes history old", () => {
  expect(makesOld("change", ["get", "/v1/networks"])).toBe(true);
  expect(makesOld("node-state", LIST)).toBe(true);
  expect(makesOld("node-state", ["get", "/v1/networks"])).toBe(false);
  expect(makesOld("change", ["get", "/v1/flows"])).toBe(false);
  expect(makesOld("change", ["cluster-preview", "{}"])).toBe(false);
});

test("events are gathered, and what takes long is asked later", () => {
  const { renewal, isOld } = world();
  renewal.take("node-state");
  renewal.take("change");
  expect(isOld(LIST)).toBe(false);
  vi.advanceTimersByTime(GATHER_MS);
  expect(isOld(LIST)).toBe(true);
  expect(isOld(SUMMARY)).toBe(false);
  vi.advanceTimersByTime(SLOW_GATHER_MS);
  expect(isOld(SUMMARY)).toBe(true);
});

test("what is being computed is not begun anew, but again afterwards", async () => {
  const { client, renewal, isOld } = world();
  let finish = (_: number) => {};
  const fetching = client.fetchQuery({
    queryKey: SUMMARY,
    queryFn: () => new Promise<number>((resolve) => (finish = resolve)),
  });
  renewal.take("change");
  vi.advanceTimersByTime(5 * SLOW_GATHER_MS);
  expect(isOld(SUMMARY)).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  finish(2);
  await fetching;
  vi.advanceTimersByTime(SLOW_GATHER_MS);
  expect(isOld(SUMMARY)).toBe(true);
});

test("nothing is asked after the end", () => {
  const { renewal, isOld } = world();
  renewal.take("change");
  renewal.stop();
  vi.advanceTimersByTime(10 * SLOW_GATHER_MS);
  expect(isOld(LIST)).toBe(false);
});
