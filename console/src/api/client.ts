// SPDX-License-Identifier: Apache-2.0
// The typed client. Its types are generated from docs/openapi.yaml, so that console and API cannot drift.
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import { toApiError } from "./problem";
import type { components, paths } from "./schema";
import { noteAnswer } from "./standby";

export type Schemas = components["schemas"];

let csrf = "";
let onSignedOut = () => {};

/** Every change carries this; the session's answer tells it. */
export function setCsrf(token: string) {
  csrf = token;
}

/** Runs when the server no longer knows the session. */
export function setOnSignedOut(run: () => void) {
  onSignedOut = run;
}

const session: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrf) request.headers.set("Ringwall-Csrf", csrf);
    return request;
  },
  async onResponse({ response, request }) {
    if (response.ok || response.status === 304) {
      noteAnswer();
      return response;
    }
    if (response.status === 401 && new URL(request.url).pathname !== "/v1/session") onSignedOut();
    const body: unknown = await response.clone().json().catch(() => response.statusText);
    const error = toApiError(body, response);
    noteAnswer(error);
    throw error;
  },
  onError({ error }) {
    return toApiError(error);
  },
};

/** Calls the API; what it refuses is thrown as an ApiError. */
export const api = createFetchClient<paths>({ baseUrl: window.location.origin });
api.use(session);

/** Queries of TanStack Query over the same: $api.useQuery("get", "/v1/clusters", …). */
export const $api = createQueryClient(api);
