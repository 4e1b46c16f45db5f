// SPDX-License-Identifier: Apache-2.0
// Addresses of pages that other pages point at.
import type { Schemas } from "../api/client";

type DropEvent = Schemas["DropEvent"];

function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") params.set(name, `${value}`);
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/** "Why?" for a packet; ends as the API takes them: "203.0.113.9", "node-1:443/tcp". */
export const traceLink = (from: string, to: string, iface?: string) =>
  withQuery("/trace", { from, to, interface: iface });

/** "Why?" for a packet that a node refused. */
export const traceDropLink = ({ node, ...event }: DropEvent & { node: string }) =>
  withQuery("/trace", {
    node,
    interface: event.interface,
    direction: event.direction,
    protocol: event.protocol,
    local: event.local,
    local_port: event.local_port,
    remote: event.remote,
    remote_port: event.remote_port,
    cause: event.cause,
  });

/** "Why?" for a packet that a rule speaks of, which the page chooses. */
export const traceRuleLink = (group: string, rule: string) => withQuery("/trace", { group, rule });

/** Who reaches what; "from" (a zone of the matrix), "to" (a cluster) and "service" show the rules of that cell. */
export const reachLink = (query: { cluster?: string; from?: string; to?: string; service?: string }) => withQuery("/reach", query);

export const groupLink = (group: string) => `/security-groups/${encodeURIComponent(group)}`;
export const rulesLink = (group: string) => `${groupLink(group)}/rules`;
export const clusterLink = (cluster: string) => `/clusters/${encodeURIComponent(cluster)}`;
export const tightenLink = (cluster: string) => `${clusterLink(cluster)}/tighten`;
/** A rule among the others of its group. */
export const ruleLink = (group: string, rule: string) => withQuery(`${groupLink(group)}/rules`, { rule });
