// SPDX-License-Identifier: Apache-2.0

/** "env: production" of each tag, a key alone where it has no value; in order. */
export const tagTexts = (tags: { [key: string]: string } = {}): string[] =>
  Object.entries(tags)
    .map(([key, value]) => (value ? `${key}: ${value}` : key))
    .sort();
