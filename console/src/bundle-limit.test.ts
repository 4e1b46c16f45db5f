// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Chunk, firstPart, gzipped } from "../bundle-limit";

const chunk = (fileName: string, imports: string[] = [], patch: Partial<Chunk> = {}): Chunk => ({
  fileName,
  imports,
  code: "x".repeat(100),
  isEntry: false,
  facadeModuleId: `/src/${fileName}x`,
  ...patch,
});

const chunks = [
  chunk("main.ts", ["react.ts"], { isEntry: true }),
  chunk("react.ts"),
  chunk("layout/shell.ts", ["menu.ts", "react.ts"]),
  chunk("menu.ts", ["main.ts"]),
  chunk("pages/flows.ts", ["react.ts", "charts.ts"]),
  chunk("charts.ts"),
];

test("the first part is the entry, what always follows, and their imports; pages are not in it", () => {
  const names = firstPart(chunks, ["layout/shell.tsx"]).map(({ fileName }) => fileName);
  expect(names.sort()).toEqual(["layout/shell.ts", "main.ts", "menu.ts", "react.ts"]);
  expect(firstPart(chunks, []).map(({ fileName }) => fileName)).toEqual(["main.ts", "react.ts"]);
});

test("its size is that of all files, each gzipped", () => {
  const one = gzipped([chunks[0]!]);
  expect(one).toBeGreaterThan(0);
  expect(one).toBeLessThan(100);
  expect(gzipped(chunks)).toBe(6 * one);
});
