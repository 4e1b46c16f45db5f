// SPDX-License-Identifier: Apache-2.0

/** Whether what was typed is an address or a prefix, roughly: the server has the last word. */
export function looksLikeCidr(text: string): boolean {
  const [address, length, more] = text.trim().split("/");
  if (more !== undefined || !address) return false;
  const isV6 = address.includes(":");
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > (isV6 ? 128 : 32))) return false;
  if (isV6) return /^[0-9a-f:]+(\d+\.\d+\.\d+\.\d+)?$/i.test(address);
  const parts = address.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
