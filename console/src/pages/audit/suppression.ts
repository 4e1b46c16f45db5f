// SPDX-License-Identifier: Apache-2.0
import type { QueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";

/** The last second of a day given as "2027-05-31", for the API; undefined: there is no end. */
export const endOfDay = (day?: string) => (day ? new Date(`${day}T23:59:59`).toISOString() : undefined);

export const hasExpired = ({ expires }: Pick<Schemas["Suppression"], "expires">, now: Date) =>
  expires !== undefined && new Date(expires) <= now;

/** What is accepted changes what is found. */
export const renewAudit = (queries: QueryClient) =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => `${queryKey[1]}`.startsWith("/v1/audit") });
