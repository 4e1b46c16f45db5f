// SPDX-License-Identifier: Apache-2.0
// What a page shows stands in its address; here is how pages change it.
import { useCallback } from "react";
import { useSearchParams } from "react-router-dom";

/** Names of the address and what they are to say: undefined, "" or [] takes a name away. */
export type AddressChanges = Record<string, string | string[] | undefined>;

/** The parameters after the changes; names that are not among them stay. */
export function withChanges(before: URLSearchParams, changes: AddressChanges): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(changes)) {
    after.delete(name);
    for (const one of [value ?? []].flat()) if (one !== "") after.append(name, one);
  }
  return after;
}

/** Changes the address; with 'replace' the browser's "back" does not lead to how it was. */
export function useAddressChange() {
  const [, setParams] = useSearchParams();
  return useCallback(
    (changes: AddressChanges, replace = false) => setParams((before) => withChanges(before, changes), { replace }),
    [setParams],
  );
}
