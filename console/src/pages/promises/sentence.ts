// SPDX-License-Identifier: Apache-2.0
// A promise as people say it, and where its witness is explained.
import type { Schemas } from "../../api/client";
import { serviceText } from "../../change/traffic";
import { traceDropLink } from "../../components/links";

export type PromiseState = Schemas["PromiseState"];
export type End = Schemas["RuleObject"];

/** Broken ones first, then what cannot be judged. */
const ORDER: PromiseState["state"][] = ["broken", "unknown", "idle", "kept"];

export const inOrder = (items: PromiseState[]) =>
  [...items].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));

/** "tcp 5432"; "all" for everything. */
export const trafficOf = ({ protocol, ports }: Pick<PromiseState, "protocol" | "ports">) =>
  serviceText(`${protocol}`, ports ? [ports] : []);

/** Names of groups and prefix lists, by id. */
export type Names = { group: (id: string) => string; list: (id: string) => string };

export function endText(end: unknown, names: Names): string {
  const object = end as Partial<Record<"cidr" | "group" | "prefix_list", string>>;
  if (object.group !== undefined) return names.group(object.group);
  if (object.prefix_list !== undefined) return names.list(object.prefix_list);
  return object.cidr ?? "";
}

/** "Why?" of the packet that breaks a promise: at the node and interface where it does. */
export function witnessLink({ witness, node, cause }: PromiseState): string | null {
  if (!witness || !node || !witness.interface || !witness.direction || !witness.local) return null;
  return traceDropLink({
    node,
    interface: witness.interface,
    direction: witness.direction,
    protocol: witness.protocol,
    local: witness.local,
    local_port: witness.local_port,
    remote: witness.remote,
    remote_port: witness.remote_port,
    cause,
  });
}

/** "172.18.0.5:40000 → 10.0.0.1:6379/tcp" */
export function witnessText({ protocol, remote, remote_port, local, local_port, direction }: Schemas["Witness"]): string {
  const end = (who: string | undefined, port: number | undefined) =>
    port === undefined ? (who ?? "") : who?.includes(":") ? `[${who}]:${port}` : `${who}:${port}`;
  const far = end(remote, remote_port);
  const near = end(local, local_port);
  return `${direction === "egress" ? `${near} → ${far}` : `${far} → ${near}`} ${protocol}`;
}
