// SPDX-License-Identifier: Apache-2.0
// What the address of the page asks.
import type { Schemas } from "../../api/client";
import { formatEnd, hasPorts, parseEnd } from "./ends";

type DropEvent = Schemas["DropEvent"];

export type Question =
  | { kind: "packet"; from: string; to: string; iface?: string }
  | { kind: "drop"; node: string; event: DropEvent };

/** What people fill in. */
export type Fields = { from: string; to: string; protocol: string; port?: number | null; iface?: string };

const number = (text: string | null) => (text === null || text === "" ? undefined : Number(text));

/** The question that an address asks; null when it asks none. */
export function questionOf(params: URLSearchParams): Question | null {
  const node = params.get("node");
  const from = params.get("from");
  const to = params.get("to");
  const iface = params.get("interface") ?? undefined;
  if (from && to) return { kind: "packet", from, to, iface };
  const direction = params.get("direction");
  const local = params.get("local");
  const remote = params.get("remote");
  if (!node || !iface || !local || !remote || (direction !== "ingress" && direction !== "egress")) return null;
  const event: DropEvent = {
    interface: iface,
    direction,
    protocol: params.get("protocol") ?? "tcp",
    local,
    remote,
    local_port: number(params.get("local_port")),
    remote_port: number(params.get("remote_port")),
    cause: params.get("cause") ?? undefined,
  };
  return { kind: "drop", node, event };
}

/** What the form shows for a question. */
export function fieldsOf(question: Question | null): Fields {
  if (!question) return { from: "", to: "", protocol: "tcp" };
  if (question.kind === "packet") {
    const to = parseEnd(question.to);
    return { from: question.from, to: to.who, protocol: to.protocol ?? "tcp", port: to.port, iface: question.iface };
  }
  const { event, node } = question;
  const inward = event.direction === "ingress";
  return {
    from: inward ? event.remote : node,
    to: inward ? node : event.remote,
    protocol: event.protocol,
    port: inward ? event.local_port : event.remote_port,
    iface: event.interface,
  };
}

/** The address that asks what was filled in. */
export function paramsOf({ from, to, protocol, port, iface }: Fields): URLSearchParams {
  const end = formatEnd({ who: to.trim(), port: hasPorts(protocol) ? (port ?? undefined) : undefined, protocol });
  const params = new URLSearchParams({ from: from.trim(), to: end });
  if (iface?.trim()) params.set("interface", iface.trim());
  return params;
}
