// SPDX-License-Identifier: Apache-2.0
import { looksLikeCidr } from "../../model/cidr";

/** One a line, or parted by commas or spaces; what stands twice is taken once. */
export function splitCidrs(text: string): string[] {
  return [...new Set(text.split(/[\s,;，；]+/).filter(Boolean))];
}

/** The first that is no prefix of the family. */
export function badCidr(cidrs: readonly string[], family: 4 | 6): string | undefined {
  return cidrs.find((text) => !looksLikeCidr(text) || text.includes(":") !== (family === 6));
}
