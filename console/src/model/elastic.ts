// SPDX-License-Identifier: Apache-2.0
// Elastic IPs stand with the interfaces of nodes; here they are as people look for them.
import type { Schemas } from "../api/client";

export type Node = Schemas["Node"];
export type Interface = Schemas["Interface"];
export type ElasticIp = { address: string; node: Node; iface: string };

export function elasticIpsOf(nodes: readonly Node[]): ElasticIp[] {
  return nodes.flatMap((node) =>
    node.interfaces.flatMap(({ name, elastic_ips }) =>
      (elastic_ips ?? []).map((address) => ({ address, node, iface: name })),
    ),
  );
}

/** The node's interfaces with these elastic IPs at one of them. */
export function withElasticIps(node: Node, iface: string, change: (list: string[]) => string[]): Interface[] {
  return node.interfaces.map((one) =>
    one.name === iface ? { ...one, elastic_ips: change(one.elastic_ips ?? []) } : one,
  );
}
