// SPDX-License-Identifier: Apache-2.0
import type { Schemas } from "../../api/client";

export type ClusterValues = {
  name: string;
  network: string;
  type: Schemas["Cluster"]["type"];
  profile: Schemas["Cluster"]["profile"];
  container_cidrs: string[];
  container_network: Schemas["Cluster"]["container_network"];
  management_cidrs: string[];
  enforcement: Schemas["Cluster"]["enforcement"];
  web: boolean;
  ipv6: boolean;
};

export const TYPES: ClusterValues["type"][] = ["generic", "swarm", "kubernetes"];
export const PROFILES: ClusterValues["profile"][] = ["standard", "kubernetes", "kubernetes-strict", "loose"];

/** The only network is taken for granted. */
export function initialValues(networks: Schemas["Network"][] | undefined): ClusterValues {
  return {
    name: "",
    network: networks?.length === 1 ? networks[0]!.id : "",
    type: "generic",
    profile: "standard",
    container_cidrs: [],
    container_network: "overlay",
    management_cidrs: [],
    enforcement: "enforce",
    web: true,
    ipv6: false,
  };
}

/** What the form means to the API. */
export function creationOf({ web, ...values }: ClusterValues): Schemas["ClusterCreate"] {
  return { ...values, name: values.name.trim(), no_web: !web };
}

/** The profile that goes with a type; people may choose another. */
export const profileFor = (type: ClusterValues["type"]): ClusterValues["profile"] =>
  type === "kubernetes" ? "kubernetes" : "standard";
