// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import english from "../locales/en/checks.json";

const page = readFileSync("../docs/audit.md", "utf8");

test("every check that the audit knows has texts, and says what its page says", () => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| \w+ \| (.*?) \| (.*?) \|/gm)];
  expect(rows.length).toBeGreaterThan(60);
  const texts = english as Record<string, { title?: string; mend?: string }>;
  for (const [, check, title, mend] of rows) {
    expect(texts[check!], check).toBeDefined();
    // The page names the ports of services besides.
    expect(title, check).toMatch(new RegExp(`^${texts[check!]!.title!.replace(/[.*+?()]/g, "\\$&")}( \\(.*\\))?$`));
    expect(texts[check!]!.mend ?? texts.service!.mend).toBe(mend);
  }
  expect(Object.keys(texts).sort()).toEqual([...rows.map(([, check]) => check), "service"].sort());
});
