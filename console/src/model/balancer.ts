// SPDX-License-Identifier: Apache-2.0
// A load balancer as a form has it, and back.
import type { Schemas } from "../api/client";

export type Balancer = Schemas["LoadBalancer"];
export type Listener = Balancer["listeners"][number];
export type BalancerValues = {
  name: string;
  client_ip: Balancer["client_ip"];
  from: "cidrs" | "group";
  cidrs?: string[];
  group?: string;
  listeners: { protocol: string; port?: number; backend_port?: number }[];
};

export function valuesOf(balancer: Balancer | null): BalancerValues {
  if (!balancer) return { name: "", client_ip: "hidden", from: "cidrs", cidrs: [], listeners: [{ protocol: "tcp" }] };
  const { name, client_ip, sources } = balancer;
  return {
    name,
    client_ip,
    from: "group" in sources ? "group" : "cidrs",
    cidrs: "cidrs" in sources ? sources.cidrs : [],
    group: "group" in sources ? sources.group : undefined,
    listeners: balancer.listeners.map(({ protocol, ...rest }) => ({ ...rest, protocol: `${protocol}` })),
  };
}

/** What the API takes; a backend port that is left out is the listener's own. */
export function bodyOf({ name, client_ip, from, cidrs, group, listeners }: BalancerValues) {
  return {
    name: name.trim(),
    client_ip,
    sources: from === "group" && group ? { group } : { cidrs: cidrs ?? [] },
    listeners: listeners.map(({ protocol, port = 0, backend_port }): Listener => ({
      protocol,
      port,
      backend_port: backend_port ?? port,
    })),
  };
}

/** "tcp 443 → 8443", and without the arrow where both ports are one. */
export const listenerText = ({ protocol, port, backend_port }: Listener): string =>
  port === backend_port ? `${protocol} ${port}` : `${protocol} ${port} → ${backend_port}`;
