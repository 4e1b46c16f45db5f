// SPDX-License-Identifier: Apache-2.0
// A node as a form has it, and back.
import type { Schemas } from "../api/client";
import type { Node } from "./node";

type Interface = Schemas["Interface"];
export type NodeValues = {
  name: string;
  cluster?: string;
  network?: string;
  security_groups: string[];
  interfaces: { name: string; nic_type?: "intranet" | "internet"; addresses: string[] }[];
};

export function nodeValues(node: Node | undefined, cluster: string | undefined): NodeValues {
  if (!node) return { name: "", cluster, security_groups: [], interfaces: [{ name: "eth0", addresses: [] }] };
  return {
    name: node.name,
    cluster: node.cluster || undefined,
    network: node.network,
    security_groups: node.security_groups,
    interfaces: node.interfaces.map(({ name, nic_type, addresses }) => ({
      name,
      nic_type,
      addresses: addresses ?? [],
    })),
  };
}

/** A machine without an agent: what it says of itself is what people say. */
export function nodeCreation(values: NodeValues): Schemas["NodeCreate"] {
  const place = values.cluster ? { cluster: values.cluster } : { network: values.network };
  return {
    name: values.name.trim(),
    agent: "none",
    ...place,
    security_groups: values.security_groups,
    interfaces: values.interfaces.map((one) => ({ ...one, name: one.name.trim() })),
  };
}

/** Only what people may say: a managed node's interfaces are its agent's. What the form does not show stays. */
export function nodePatch(node: Node, values: NodeValues): Schemas["NodePatch"] {
  const patch: Schemas["NodePatch"] = { name: values.name.trim(), security_groups: values.security_groups };
  if (node.agent === "managed") return patch;
  const before = new Map(node.interfaces.map((one) => [one.name, one]));
  const interfaces = values.interfaces.map((one): Interface => ({
    ...before.get(one.name),
    ...one,
    name: one.name.trim(),
  }));
  return { ...patch, interfaces };
}
