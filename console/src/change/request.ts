// SPDX-License-Identifier: Apache-2.0
// A change as the API takes it, asked first what it would do, then made.
import { api, type Schemas } from "../api/client";
import type { paths } from "../api/schema";

export type Change = Schemas["Change"];

type Method = "post" | "patch" | "delete";

/** A request of the API that changes something: "add these rules", "delete that cluster". */
export type ChangeRequest = {
  [P in keyof paths]: {
    [M in Method]: paths[P][M] extends { parameters: infer Given; responses: infer Answers }
      ? Answers extends { 200: { content: { "application/json": Change } } }
        ? {
            method: M;
            path: P;
            params?: Given extends { path: infer Names; query?: infer Query; header?: infer Header }
              ? { path?: Names; query?: Query; header?: Header }
              : never;
            body?: paths[P][M] extends { requestBody?: { content: { "application/json": infer Body } } } ? Body : never;
          }
        : never
      : never;
  }[Method];
}[keyof paths];

export type Options = {
  /** Guards that must not refuse, by the ids that a refusal tells. */
  force?: string[];
  /** What becomes of live flows that the change refuses. */
  established?: Established;
};

/** "cut" ends them at their next packet, "keep" lets them go on, "cut-kept" ends those kept before, too. */
export type Established = "cut" | "keep" | "cut-kept";

/** How long the server waits for the nodes before it answers; after that progress is followed by events. */
const WAIT = "1s";

async function send(request: ChangeRequest, query: Record<string, unknown>, key?: string): Promise<Change> {
  const { method, path, body } = request;
  const params = request.params as { query?: object; header?: object } | undefined;
  const call = { post: api.POST, patch: api.PATCH, delete: api.DELETE }[method] as unknown as (
    path: string,
    init: unknown,
  ) => Promise<{ data: Change }>;
  const { data } = await call(path, {
    params: {
      ...params,
      query: { ...params?.query, ...query },
      header: { ...params?.header, ...(key ? { "Idempotency-Key": key } : {}) },
    },
    body,
  });
  return data;
}

/** What the change would do; nothing is changed. */
export function preview(request: ChangeRequest, { force }: Options = {}): Promise<Change> {
  return send(request, { dry_run: true, ...(force?.length ? { force: force.join(",") } : {}) });
}

/** Makes the change. The same idempotency key makes a repetition harmless. */
export function make(request: ChangeRequest, idempotencyKey: string, options: Options = {}): Promise<Change> {
  const { force, established = "cut" } = options;
  const query = {
    wait: WAIT,
    ...(force?.length ? { force: force.join(",") } : {}),
    ...(established === "cut" ? {} : { established }),
  };
  return send(request, query, idempotencyKey);
}
