// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { api, setCsrf, setOnSignedOut } from "../api/client";
import { ApiError, toApiError } from "../api/problem";

const RETRY_MS = 5000;

export type Role = "viewer" | "operator" | "admin";
export type Session = { name: string; role: Role; key: string; csrf: string; expires: string; controllers: string[] };
/** What a person signs in with: a key, or the one-time token of a link. */
export type Credential = { key: string } | { link: string };

type State =
  | { kind: "asking" }
  /** Whether somebody is signed in is not known: the controller did not answer, or stands by. It is asked again. */
  | { kind: "unknown"; error: ApiError }
  | { kind: "signed-out"; ended: boolean }
  | { kind: "signed-in"; session: Session };

type Value = {
  state: State;
  signIn: (credential: Credential) => Promise<void>;
  signOut: () => Promise<void>;
  /** Asks the controller again who is signed in. */
  askAgain: () => void;
};

const SessionContext = createContext<Value | null>(null);

export function useSessionState(): Value {
  const value = useContext(SessionContext);
  if (!value) throw new Error("outside of SessionProvider");
  return value;
}

/** The session of who is signed in. */
export function useSession(): Session {
  const { state } = useSessionState();
  if (state.kind !== "signed-in") throw new Error("nobody is signed in");
  return state.session;
}

const ranks: Role[] = ["viewer", "operator", "admin"];

/** Whether who is signed in may do what this role may. */
export function useMay(role: Role): boolean {
  return ranks.indexOf(useSession().role) >= ranks.indexOf(role);
}

async function ask(method: "GET" | "POST" | "DELETE", body?: Credential): Promise<Session | null> {
  try {
    const call = { GET: api.GET, POST: api.POST, DELETE: api.DELETE }[method] as unknown as (
      path: string,
      init: unknown,
    ) => Promise<{ data?: Session }>;
    return (await call("/v1/session", { body })).data ?? null;
  } catch (thrown) {
    throw toApiError(thrown);
  }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [state, setState] = useState<State>({ kind: "asking" });

  const begin = useCallback((session: Session) => {
    setCsrf(session.csrf);
    setState({ kind: "signed-in", session });
  }, []);
  const end = useCallback(
    (ended: boolean) => {
      setCsrf("");
      setState({ kind: "signed-out", ended });
      queries.clear();
    },
    [queries],
  );

  const find = useCallback(() => {
    ask("GET").then(
      (session) => (session ? begin(session) : end(false)),
      (error: ApiError) => (error.status === 401 ? end(false) : setState({ kind: "unknown", error })),
    );
  }, [begin, end]);
  const askAgain = useCallback(() => {
    setState({ kind: "asking" });
    find();
  }, [find]);

  useEffect(() => {
    setOnSignedOut(() => end(true));
    askAgain();
  }, [askAgain, end]);

  useEffect(() => {
    if (state.kind !== "unknown") return;
    const again = setTimeout(find, RETRY_MS);
    return () => clearTimeout(again);
  }, [state, find]);

  const value = useMemo<Value>(
    () => ({
      state,
      signIn: async (credential) => {
        const session = await ask("POST", credential);
        if (session) begin(session);
      },
      signOut: async () => {
        await ask("DELETE");
        end(false);
      },
      askAgain,
    }),
    [state, begin, end, askAgain],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}
