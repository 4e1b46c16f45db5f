// SPDX-License-Identifier: Apache-2.0
// What the internet can reach, as people say it.
import type { Schemas } from "../api/client";

export type OpenService = Schemas["OpenService"];

/** "22", "8000–8100"; "" for all. */
export function portsText(ports: string): string {
  const [first, last] = ports.split("/");
  if (ports === "-1/-1" || first === undefined) return "";
  return first === last || last === undefined ? first : `${first}–${last}`;
}

export type Exposure = {
  /** Every protocol and port is open. */
  everything: boolean;
  /** TCP ports stand for themselves: "22", "8000–8100"; others have their protocol: "udp 53", "gre". */
  services: string[];
  /** ICMP or ICMPv6. */
  ping: boolean;
};

const PINGS = ["icmp", "icmpv6"];

/** Services of both families together; one that is open in any is open. */
export function exposureOf(open: readonly OpenService[]): Exposure {
  const services = open
    .filter(({ protocol }) => protocol !== "all" && !PINGS.includes(protocol))
    .map(({ protocol, ports }) => {
      const text = portsText(ports);
      if (protocol === "tcp" && text) return text;
      return text ? `${protocol} ${text}` : protocol;
    });
  return {
    everything: open.some(({ protocol }) => protocol === "all"),
    services: [...new Set(services)],
    ping: open.some(({ protocol }) => PINGS.includes(protocol)),
  };
}
