// SPDX-License-Identifier: Apache-2.0
// Exposure is a number of addresses x services: from a handful to 10^43.  Bars show its order of magnitude.
import type { Exposure, Plan } from "./options";

/** Length of a bar from 0 to 1, by orders of magnitude below the largest. */
export function barLength(value: number, largest: number): number {
  if (value <= 0 || largest <= 0) return 0;
  return Math.min(1, Math.log10(1 + value) / Math.log10(1 + largest));
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** "0", "1,536", "5.6 × 10¹⁴". */
export function magnitudeText(value: number, language: string): string {
  if (value < 1e6) return new Intl.NumberFormat(language).format(Math.round(value));
  const exponent = Math.floor(Math.log10(value));
  const power = [...`${exponent}`].map((digit) => superscripts[Number(digit)]).join("");
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value / 10 ** exponent)} × 10${power}`;
}

export type Stage = { name: "now" | Plan["steps"][number]["step"]; exposure: Exposure };

/** What is open now and after each step; steps that change nothing of it are left out. */
export function stagesOf({ exposure, steps }: Pick<Plan, "exposure" | "steps">): Stage[] {
  if (!exposure) return [];
  const stages: Stage[] = [{ name: "now", exposure }];
  for (const { step, exposure: after } of steps) {
    const before = stages[stages.length - 1]!.exposure;
    if (before.ipv4 !== after.ipv4 || before.ipv6 !== after.ipv6) stages.push({ name: step, exposure: after });
  }
  return stages;
}
