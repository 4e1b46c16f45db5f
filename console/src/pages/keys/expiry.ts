// SPDX-License-Identifier: Apache-2.0
// When a key ends.

export const terms = ["30", "90", "365", "never", "date"] as const;
export type Term = (typeof terms)[number];

const DAY_MS = 24 * 3600_000;

/** The end as the API takes it; undefined: never. 'date' is "2026-11-27", whose end is meant, local time. */
export function expiryOf(term: Term, date: string | undefined, now: number): string | undefined {
  if (term === "never") return undefined;
  const end = term === "date" ? new Date(`${date}T23:59:59`) : new Date(now + Number(term) * DAY_MS);
  return end.toISOString().replace(/\.\d+/, "");
}

export type KeyState = "valid" | "expires-soon" | "expired";

const SOON_MS = 14 * DAY_MS;

export function stateOf(expires: string | null, now: number): KeyState {
  if (!expires) return "valid";
  const left = Date.parse(expires) - now;
  return left <= 0 ? "expired" : left < SOON_MS ? "expires-soon" : "valid";
}

/** "2026-11-28": the earliest day that can be chosen. */
export const tomorrow = (now: number) => {
  const day = new Date(now + DAY_MS);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
};
