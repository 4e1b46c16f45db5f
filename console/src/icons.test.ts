// SPDX-License-Identifier: Apache-2.0
// Some icons of Ant Design have an empty <style> in them, which the Content-Security-Policy refuses.
import { expect, test } from "vitest";

const drawings = import.meta.glob<string>("../node_modules/@ant-design/icons-svg/es/asn/*.js", { query: "?raw", import: "default" });
const sources = import.meta.glob<string>(["./**/*.tsx", "!./**/*.test.*"], { eager: true, query: "?raw", import: "default" });

test("no icon in use has a style of its own", async () => {
  const used = new Set(
    Object.values(sources).flatMap((source) => [...source.matchAll(/\b\w+(?:Outlined|Filled|TwoTone)\b/g)].map(([name]) => name)),
  );
  expect(used.size).toBeGreaterThan(10);
  for (const name of used) {
    const drawing = await drawings[`../node_modules/@ant-design/icons-svg/es/asn/${name}.js`]?.();
    expect(`${name} ${drawing?.includes('"style"') ? "has a style" : "is plain"}`).toBe(`${name} is plain`);
  }
});
