// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import enConcepts from "../locales/en/concepts.json";
import enHelp from "../locales/en/help.json";
import zhConcepts from "../locales/zh-CN/concepts.json";
import zhHelp from "../locales/zh-CN/help.json";
import { headings } from "./concepts";
import { findConcepts } from "./drawer";

const concepts = Object.values(headings).flat();

describe.each([
  ["en", enConcepts, enHelp, /[.!?](?= |$)/g],
  ["zh-CN", zhConcepts, zhHelp, /[。！？](?=.|$)/g],
] as const)("in %s", (_, names, help, ends) => {
  test("every concept has a name and a text, and nothing else has", () => {
    expect(Object.keys(help.text).sort()).toEqual([...concepts].sort());
    expect(Object.keys(names).sort()).toEqual([...concepts, "explain"].sort());
    expect(Object.keys(help.heading).sort()).toEqual(Object.keys(headings).sort());
  });

  test.each(Object.entries(help.text))("%s is explained in two sentences", (_concept, text) => {
    expect(text.match(ends)).toHaveLength(2);
  });
});

test("a search finds by name and text, in any order of words", () => {
  const textOf = (concept: keyof typeof enHelp.text) => `${enConcepts[concept]} ${enHelp.text[concept]}`;
  const found = findConcepts("equals priority", textOf).flatMap(([, list]) => list);
  expect(found).toContain("rule");
  expect(findConcepts("no such word at all", textOf)).toEqual([]);
  expect(findConcepts("", textOf).flatMap(([, list]) => list)).toHaveLength(concepts.length);
});
