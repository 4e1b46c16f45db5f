// SPDX-License-Identifier: Apache-2.0
// What differs between an object before and after a change.

export type Value = string | number | boolean | null;

export type Difference = {
  /** "cidrs", "object.cidr", "interfaces.eth0.addresses". */
  field: string;
  /** undefined: it was not there. A list: only what went, or came. */
  before?: Value | Value[];
  after?: Value | Value[];
};

type Plain = { [field: string]: unknown };

const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isValue = (value: unknown): value is Value =>
  value === null || ["string", "number", "boolean"].includes(typeof value);
const isList = (value: unknown): value is Value[] => Array.isArray(value) && value.every(isValue);

/** Members of lists are known by these, so that one that changed is told from one that came. */
const NAMES = ["name", "id", "rule", "address", "cidr"];

/** A list of objects as an object by their names; else by their places. */
function byName(list: unknown[]): Plain {
  const name = NAMES.find((key) => {
    const found = list.map((item) => (isPlain(item) ? item[key] : undefined));
    return found.every((text) => typeof text === "string") && new Set(found).size === found.length;
  });
  return Object.fromEntries(
    list.map((item, place) => [name ? ((item as Plain)[name] as string) : String(place + 1), item]),
  );
}

function inside(value: unknown): Plain | undefined {
  if (Array.isArray(value)) return isList(value) && value.length ? undefined : byName(value);
  return isPlain(value) ? value : undefined;
}

const isNothing = (value: unknown) => value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

/** Every field that differs; without a before or an after, every field that says something. */
export function differences(before: unknown, after: unknown, field = ""): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after) || (isNothing(before) && isNothing(after))) return [];
  if (isList(before) && isList(after) && before.length + after.length > 0)
    return [
      {
        field,
        before: before.filter((value) => !after.includes(value)),
        after: after.filter((value) => !before.includes(value)),
      },
    ];
  const old = inside(before);
  const young = inside(after);
  if ((old || isNothing(before)) && (young || isNothing(after)) && (old || young)) {
    const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(young ?? {})])];
    return names.flatMap((name) => differences(old?.[name], young?.[name], field ? `${field}.${name}` : name));
  }
  return [{ field, before: leaf(before), after: leaf(after) }];
}

function leaf(value: unknown): Value | Value[] | undefined {
  if (value === undefined || isValue(value) || isList(value)) return value;
  return JSON.stringify(value);
}

/** Fields that say nothing to people when they change: they follow from others. */
const DULL = ["version"];

export const readable = (list: Difference[]) => list.filter(({ field }) => !DULL.includes(field));

export function text(value: Difference["before"]): string {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
