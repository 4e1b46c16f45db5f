// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { firstLanguage, languages } from ".";

const files = import.meta.glob<Record<string, unknown>>("../locales/*/*.json", { eager: true, import: "default" });
const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*"], {
  eager: true,
  query: "?raw",
  import: "default",
});

/** "a.b" of every text; plural forms count as one. */
function keys(texts: Record<string, unknown>, prefix = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? keys(value as Record<string, unknown>, `${prefix}${key}.`)
      : [`${prefix}${key}`.replace(/_(one|other)$/, "")],
  );
}

function textsOf(language: string) {
  return Object.entries(files)
    .filter(([path]) => path.includes(`/${language}/`))
    .map(([path, texts]) => [path.split("/").pop()!, texts] as const);
}

/** "{{name}}" of every text. */
function placeholders(texts: Record<string, unknown>): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (value: unknown, path: string) => {
    if (typeof value === "string")
      found[path.replace(/_(one|other)$/, "")] = [...new Set(value.match(/\{\{\w+\}\}/g) ?? [])].sort().join(" ");
    else for (const [key, inner] of Object.entries(value as object)) walk(inner, `${path}.${key}`);
  };
  walk(texts, "");
  return found;
}

describe("texts", () => {
  const english = textsOf("en");

  test("every language has the same texts as English", () => {
    expect(english.length).toBeGreaterThan(1);
    for (const language of Object.keys(languages)) {
      const others = new Map(textsOf(language));
      expect([...others.keys()].sort()).toEqual(english.map(([name]) => name).sort());
      for (const [name, texts] of english) {
        expect({ name, keys: [...new Set(keys(others.get(name)!))].sort() }).toEqual({
          name,
          keys: [...new Set(keys(texts))].sort(),
        });
        expect({ name, texts: placeholders(others.get(name)!) }).toEqual({ name, texts: placeholders(texts) });
      }
    }
  });

  test("no Chinese text was left in English", () => {
    const words = /[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}/; // four lower-case words in a row are a sentence
    for (const [name, texts] of textsOf("zh-CN"))
      for (const line of JSON.stringify(texts, null, 1).split("\n")) expect(`${name}: ${line}`).not.toMatch(words);
  });

  test("every literal key that a component asks for exists", () => {
    const known = new Map(english.map(([name, texts]) => [name.replace(".json", ""), new Set(keys(texts))]));
    for (const [path, source] of Object.entries(sources)) {
      const spaces = [...source.matchAll(/useTranslation\((?:\[?"([\w-]+)")?/g)].map(([, name]) => name ?? "common");
      if (spaces.length === 0) continue;
      for (const [, key] of source.matchAll(/\bt\(\s*"([\w.:-]+)"/g)) {
        const [space, name] = key!.includes(":") ? key!.split(":") : [undefined, key];
        const places = space ? [space] : [...spaces, "common"];
        expect(`${path}: ${places.some((place) => known.get(place!)?.has(name!)) ? key : `no text ${key}`}`).toBe(
          `${path}: ${key}`,
        );
      }
    }
  });
});

test.each([
  ["zh-CN", [], "zh-CN"],
  [null, ["de-DE", "zh-TW", "en"], "zh-CN"],
  [null, ["de-DE"], "en"],
  ["xx", ["en-GB"], "en"],
] as const)("language kept as %s and preferred %s is %s", (kept, preferred, language) => {
  expect(firstLanguage(kept, [...preferred])).toBe(language);
});
