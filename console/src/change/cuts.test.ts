// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { byReason } from "./cuts";

test("nodes of which nothing is known are told together, by reason and in order", () => {
  const away = "its agent is not connected";
  expect(
    byReason([
      { name: "node-10", reason: away },
      { name: "node-2", reason: away },
      { name: "node-3", reason: "it has not answered" },
    ]),
  ).toEqual([`node-2, node-10: ${away}`, "node-3: it has not answered"]);
});
