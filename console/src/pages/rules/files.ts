// SPDX-License-Identifier: Apache-2.0
// Rules as JSON files: what 'ringwall apply -f' takes too.
import { type NewRule, type Rule, toNew } from "../../model/rule-text";

export type Imported =
  { rules: (NewRule | string)[] } | { problem: "not-json" | "no-rules" | "not-a-rule"; detail: string };

/** The file of a group's rules; "group" tells whose they were and is not asked when they are imported. */
export function exportText(group: string, rules: readonly Rule[]): string {
  return `${JSON.stringify({ group, rules: rules.map(toNew) }, null, 2)}\n`;
}

const MADE = ["id", "created", "author", "hits", "last_hit"];

/** A rule in words, or an object without what the controller makes itself. */
function readRule(value: unknown): NewRule | string | null {
  if (typeof value === "string") return value.trim() || null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  if (!["direction", "policy", "protocol", "object"].every((field) => field in value)) return null;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !MADE.includes(field))) as NewRule;
}

/** An array of rules, or an object that has one as "rules": an export, an API answer, an apply file. */
function listIn(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return null;
  const { rules, items } = value as { rules?: unknown; items?: unknown };
  return Array.isArray(rules) ? rules : Array.isArray(items) ? items : null;
}

export function importText(text: string): Imported {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: "not-json", detail: error instanceof Error ? error.message : String(error) };
  }
  const list = listIn(value);
  if (!list || list.length === 0) return { problem: "no-rules", detail: "" };
  const rules = list.map(readRule);
  const bad = rules.indexOf(null);
  if (bad >= 0) return { problem: "not-a-rule", detail: `rules[${bad}]: ${JSON.stringify(list[bad])?.slice(0, 120)}` };
  return { rules: rules.filter((rule) => rule !== null) };
}

/** Lets the browser keep a text as a file. */
export function saveFile(name: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
