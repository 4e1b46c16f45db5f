// SPDX-License-Identifier: Apache-2.0
import { expect, test, vi } from "vitest";
import { ApiError, type Guard } from "../api/problem";
import { foresee, groupGuards, guardKind, refusals } from "./forecast";
import type { Change, ChangeRequest, preview } from "./request";

const guard = (id: string, more: Partial<Guard> = {}): Guard => ({
  id,
  node: "",
  cause: "default",
  detail: id,
  ...more,
});
const refused = (...guards: Guard[]) =>
  new ApiError({ type: "urn:ringwall:problem:guard", title: "", status: 409, detail: "no", guards });
const change = { revision: "1", incarnation: "x", changed: true, items: [], nodes: [], waited: false } as Change;
const request = { method: "delete", path: "/v1/prefix-lists/{ref}" } as ChangeRequest;

test("a change without objections is asked once", async () => {
  const ask = vi.fn<typeof preview>().mockResolvedValue(change);
  expect(await foresee(request, ask)).toEqual({ change, guards: [] });
  expect(ask).toHaveBeenCalledExactlyOnceWith(request, { force: [] });
});

test("what guards refuse is asked again as if overruled, until none is new", async () => {
  const all = [guard("management-ssh"), guard("promise:pr-1"), guard("finding:open-ssh", { warning: true })];
  const ask = vi
    .fn<typeof preview>()
    .mockRejectedValueOnce(refused(all[0]!))
    .mockRejectedValueOnce(refused(all[0]!, all[1]!))
    .mockResolvedValue({ ...change, guards: all });
  expect((await foresee(request, ask)).guards).toEqual(all);
  expect(ask.mock.calls.map(([, options]) => options?.force)).toEqual([
    [],
    ["management-ssh"],
    ["management-ssh", "promise:pr-1"],
  ]);
});

test("a guard that cannot be overruled ends the asking", async () => {
  const ask = vi.fn<typeof preview>().mockRejectedValue(refused(guard("offline-node")));
  await expect(foresee(request, ask)).rejects.toThrow("no");
  expect(ask).toHaveBeenCalledTimes(2);
});

test("other refusals are passed on at once", async () => {
  const ask = vi
    .fn<typeof preview>()
    .mockRejectedValue(new ApiError({ type: "urn:ringwall:problem:invalid", title: "", status: 400, detail: "bad" }));
  await expect(foresee(request, ask)).rejects.toThrow("bad");
  expect(ask).toHaveBeenCalledTimes(1);
});

test("each guard is named once, warnings not at all", () => {
  expect(refusals([guard("a"), guard("a", { node: "n1" }), guard("b", { warning: true })])).toEqual(["a"]);
  expect(guardKind("finding:open-ssh")).toBe("finding");
});

test("objections of one guard stand together, refusals before warnings", () => {
  const all = [guard("w", { warning: true }), guard("a", { node: "n1" }), guard("b"), guard("a", { node: "n2" })];
  expect(groupGuards(all).map((same) => same.map(({ id, node }) => id + node))).toEqual([["an1", "an2"], ["b"], ["w"]]);
});
