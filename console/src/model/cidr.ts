// SPDX-License-Identifier: Apache-2.0
// A first look at addresses, so that a typing error is told at its field; the server has the last word.

const V4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

function isIpv6(text: string): boolean {
  if (!/^[0-9a-f:.]+$/i.test(text) || text.includes(":::")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half ? half.split(":") : []));
  const last = groups.at(-1) ?? "";
  const count = groups.length + (V4.test(last) ? 1 : 0);
  const fine = groups.every(
    (group, i) => /^[0-9a-f]{1,4}$/i.test(group) || (i === groups.length - 1 && V4.test(group)),
  );
  return fine && (halves.length === 2 ? count < 8 : count === 8);
}

export const isAddress = (text: string) => V4.test(text) || isIpv6(text);

/** "10.0.0.0/16", "fd00::/64", or one address. */
export function looksLikeCidr(text: string): boolean {
  const [address = "", bits, more] = text.trim().split("/");
  if (more !== undefined || !isAddress(address)) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(":") ? 128 : 32));
}

/** What was entered or pasted, cut at commas and spaces, each once. */
export const splitCidrs = (entered: string[]): string[] => [
  ...new Set(entered.flatMap((text) => text.split(/[\s,;]+/)).filter(Boolean)),
];

/** For a form: refuses the first that is none. */
export const cidrRule = (isGood: (text: string) => boolean, message: (text: string) => string) => ({
  validator: (_: unknown, value: string[] | undefined) => {
    const bad = value?.find((text) => !isGood(text));
    return bad === undefined ? Promise.resolve() : Promise.reject(new Error(message(bad)));
  },
});
