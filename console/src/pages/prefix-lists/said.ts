// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../../api/client";

type List = Schemas["PrefixList"];

/** What people said of a list: enough to make it once more, without what the controller makes itself. */
export function saidOf({ id: _id, created: _created, ...said }: List): Schemas["PrefixListCreate"] {
  return said;
}

/** What an edit of name and prefixes changes: a description goes with its prefix and must come back with it. */
export function editedOf({ name, cidrs, entry_descriptions }: List): Schemas["PrefixListPatch"] {
  return { name, cidrs, entry_descriptions: entry_descriptions ?? null };
}
