// SPDX-License-Identifier: Apache-2.0
// A record of flows as a question to "Why?".
import { traceLink } from "../../components/links";
import type { Flow } from "./buffer";

const withPorts = ["tcp", "udp", "sctp", "dccp", "udplite"];

/** "203.0.113.9:443/tcp", "[2001:db8::1]:53/udp", "web-1/icmp". */
function service(who: string, protocol: string, port: number | undefined): string {
  const host = who.includes(":") ? `[${who}]` : who;
  return withPorts.includes(protocol) && port ? `${host}:${port}/${protocol}` : `${who}/${protocol}`;
}

/** A word, or the number of a protocol that has none. */
export const protocolOf = ({ protocol }: Flow) => (protocol === undefined ? undefined : String(protocol));

/** Where it is explained; null when many are counted together, which no packet stands for. */
export function whyOf(flow: Flow): string | null {
  const { remote, port, direction, name } = flow;
  const protocol = protocolOf(flow);
  if (!remote || !protocol) return null;
  return direction === "ingress"
    ? traceLink(remote, service(name, protocol, port), flow.interface)
    : traceLink(name, service(remote, protocol, port), flow.interface);
}

/** "tcp 443"; null for the others. */
export function serviceOf(flow: Flow): string | null {
  const { port } = flow;
  const protocol = protocolOf(flow);
  if (!protocol) return null;
  return withPorts.includes(protocol) && port ? `${protocol} ${port}` : protocol;
}
