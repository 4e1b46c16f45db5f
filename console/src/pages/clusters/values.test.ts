// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { creationOf, initialValues, profileFor } from "./values";

const network = { id: "vpc-1", name: "prod" } as Schemas["Network"];

test("the only network is chosen, of several none", () => {
  expect(initialValues([network]).network).toBe("vpc-1");
  expect(initialValues([network, { ...network, id: "vpc-2" }]).network).toBe("");
  expect(initialValues(undefined).network).toBe("");
});

test("web is asked as people think of it and sent as the API has it", () => {
  const values = { ...initialValues([network]), name: " shop " };
  expect(creationOf(values)).toMatchObject({ name: "shop", network: "vpc-1", no_web: false });
  expect(creationOf({ ...values, web: false })).toMatchObject({ no_web: true });
  expect(creationOf(values)).not.toHaveProperty("web");
});

test("a Kubernetes cluster starts with its own profile", () => {
  expect(profileFor("kubernetes")).toBe("kubernetes");
  expect(profileFor("swarm")).toBe("standard");
});
