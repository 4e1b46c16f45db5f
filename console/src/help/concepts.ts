// SPDX-License-Identifier: Apache-2.0

/** Every concept of the product, by heading, in the order in which a newcomer meets them; texts: namespace "help". */
export const headings = {
  places: ["network", "network-type", "cluster", "node", "agent", "load-balancer", "elastic-ip"],
  rules: [
    "security-group",
    "member",
    "rule",
    "direction",
    "policy",
    "priority",
    "object",
    "prefix-list",
    "five-tuple",
    "default-rules",
    "system-rules",
    "inner-access",
  ],
  enforcement: ["flow", "flow-table", "cut", "monitored", "node-state", "hook", "early-drop", "published-port"],
  changes: ["review", "guard", "promise", "revision", "log", "rebind"],
  questions: ["trace", "reach", "exposure", "finding", "suppression", "tighten", "hits", "would-drop"],
  access: ["key", "role", "sign-in-link", "join-token", "management", "authority"],
} as const;

export type Heading = keyof typeof headings;
export type Concept = (typeof headings)[Heading][number];
