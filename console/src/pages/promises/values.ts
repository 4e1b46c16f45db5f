// SPDX-License-Identifier: Apache-2.0
// What the form of a new promise holds, and the promise that it makes.
import type { Schemas } from "../../api/client";

export type Values = {
  policy: "accept" | "deny";
  network: string;
  protocol: string;
  /** "443", "8000-8100"; empty: any. */
  ports?: string;
  /** "cidr 10.0.0.0/8", "group sg-1", "prefix_list pl-1". */
  from: string;
  to: string;
  reason?: string;
};

export const hasPorts = (protocol: string) => protocol === "tcp" || protocol === "udp";

const range = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** Which text says what is wrong with ports; undefined: nothing. */
export function portsError(text: string | undefined): "ports-wrong" | undefined {
  if (!text?.trim()) return undefined;
  const [, first, last] = range.exec(text.trim()) ?? [];
  const from = Number(first);
  const to = last === undefined ? from : Number(last);
  return from >= 1 && from <= to && to <= 65535 ? undefined : "ports-wrong";
}

/** A value of the picker of ends as the API has it. */
export function objectOf(value: string): Schemas["RuleObject"] {
  const space = value.indexOf(" ");
  const reference = value.slice(space + 1);
  const kind = value.slice(0, space);
  if (kind === "group") return { group: reference };
  return kind === "prefix_list" ? { prefix_list: reference } : { cidr: reference };
}

export function bodyOf({ policy, network, protocol, ports, from, to, reason }: Values): Schemas["PromiseCreate"] {
  const [first, last] = (ports ?? "").trim().split("-");
  return {
    policy,
    network,
    protocol,
    ports: hasPorts(protocol) && first ? `${first}/${last ?? first}` : undefined,
    from: objectOf(from),
    to: objectOf(to),
    reason: reason?.trim() || undefined,
  };
}
