// SPDX-License-Identifier: Apache-2.0
// The order in which people look for names.

const collator = new Intl.Collator(undefined, { numeric: true });

/** "node-2" before "node-10". */
export const compareNames = (a: string, b: string) => collator.compare(a, b);

export const byName = <T extends { name: string }>(rows: readonly T[]): T[] =>
  [...rows].sort((a, b) => collator.compare(a.name, b.name));
