// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../../api/client";
import { formatEnd, hasPorts } from "../trace/ends";
import { hostOf } from "../trace/sample";

type Item = Schemas["Reach"]["items"][number];

/** A packet of the box to ask "Why?" about; null for protocols that have no name or number of their own. */
export function probeOf({ remotes, except, protocol, ports, nodes }: Item): { from: string; to: string } | null {
  const remote = remotes[0];
  const node = nodes[0];
  if (!remote || !node || /^\d+-\d+$/.test(protocol)) return null;
  const asked = protocol === "all" ? "tcp" : protocol;
  const first = Number((ports[0] ?? "-1/-1").split("/")[0]);
  const port = hasPorts(asked) ? (first > 0 ? first : 443) : undefined;
  // The usual example address may be one of the exceptions; the first of the others will do then.
  const from = hostOf(remote);
  return { from: except?.some((cidr) => holds(cidr, from)) ? "198.51.100.9" : from, to: formatEnd({ who: node, port, protocol: asked }) };
}

/** Whether an IPv4 CIDR holds an address; of IPv6 it is not known. */
function holds(cidr: string, address: string): boolean {
  const number = (text: string) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const [network = "", length = "32"] = cidr.split("/");
  if (cidr.includes(":") || address.includes(":")) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(network) / size) === Math.floor(number(address) / size);
}
