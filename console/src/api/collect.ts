// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import { api } from "./client";
import type { paths } from "./schema";

/** Paths whose answer is a page: {"items":[…],"next":…}. */
type PagePath = {
  [P in PathsWithMethod<paths, "get">]: paths[P]["get"] extends {
    responses: { 200: { content: { "application/json": { items: unknown[]; next: string | null } } } };
  }
    ? P
    : never;
}[PathsWithMethod<paths, "get">];

type Item<P extends PagePath> = paths[P]["get"] extends {
  responses: { 200: { content: { "application/json": { items: (infer T)[] } } } };
}
  ? T
  : never;

type Parameters<P extends PagePath> = paths[P]["get"] extends { parameters: infer T } ? T : never;

const PAGE = 1000;

/** All items of a list, page by page. */
export async function collect<P extends PagePath>(path: P, params?: Partial<Parameters<P>>): Promise<Item<P>[]> {
  const items: Item<P>[] = [];
  let after: string | undefined;
  do {
    const given = params as { query?: Record<string, unknown> } | undefined;
    const init = { params: { ...given, query: { ...given?.query, limit: PAGE, after } } };
    // The generic path hides from TypeScript that every page path takes these parameters.
    const get = api.GET as unknown as (
      path: P,
      init: unknown,
    ) => Promise<{ data: { items: Item<P>[]; next: string | null } }>;
    const { data } = await get(path, init);
    items.push(...data.items);
    after = data.next ?? undefined;
  } while (after);
  return items;
}

/** A query for all items of a list. Its key begins like those of $api, so that events renew it too. */
export function useCollection<P extends PagePath>(
  path: P,
  params?: Partial<Parameters<P>>,
  options?: { enabled?: boolean; refetchInterval?: number },
) {
  return useQuery({
    queryKey: ["get", path, params, "all"],
    queryFn: () => collect(path, params),
    ...options,
  });
}
