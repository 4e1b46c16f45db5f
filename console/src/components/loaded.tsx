// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import { ProblemAlert } from "./problem";
import { Waiting } from "./waiting";

type Query<T> = { data: T | undefined; error: unknown; refetch: () => unknown };

/** Shows what a query brought; before that a spinner, or why it failed. Old data stays while new is on its way. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined)
    return (
      <>
        {query.error ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : null}
        {children(query.data)}
      </>
    );
  return query.error ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : <Waiting />;
}
