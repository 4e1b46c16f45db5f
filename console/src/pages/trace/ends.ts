// SPDX-License-Identifier: Apache-2.0
// Ends of a packet as the API writes them: "WHO", "WHO:PORT", "WHO/PROTOCOL" or "WHO:PORT/PROTOCOL", an IPv6
// address with a port in brackets.

export type End = { who: string; port?: number; protocol?: string };

const isIpv6 = (text: string) => /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text);

export function parseEnd(text: string): End {
  const slash = text.lastIndexOf("/");
  const protocol = slash < 0 ? undefined : text.slice(slash + 1);
  let who = slash < 0 ? text : text.slice(0, slash);
  let port: number | undefined;
  const withPort = isIpv6(who) ? null : /^(.*):(\d{1,5})$/.exec(who);
  if (withPort) {
    who = withPort[1]!;
    port = Number(withPort[2]);
  }
  const bracketed = /^\[(.*)\]$/.exec(who);
  return { who: bracketed ? bracketed[1]! : who, port, protocol };
}

export function formatEnd({ who, port, protocol }: End): string {
  const host = port !== undefined && isIpv6(who) ? `[${who}]` : who;
  return `${host}${port === undefined ? "" : `:${port}`}${protocol ? `/${protocol}` : ""}`;
}

export const hasPorts = (protocol: string) => protocol === "tcp" || protocol === "udp" || protocol === "6" || protocol === "17";
