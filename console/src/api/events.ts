// SPDX-License-Identifier: Apache-2.0
// Keeps what is on the screen current: the server's events tell what has become old.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "./client";

/** How long events are gathered before what they concern is asked again. */
const GATHER_MS = 200;
const RETRY_MS = 5000;

const KINDS = [
  "change",
  "node-state",
  "applied",
  "failed",
  "address-refused",
  "claim-refused",
  "hook-restored",
  "lost",
];

/** Paths of queries that states of nodes are part of. */
const NODE_PATHS = [
  "/v1/nodes",
  "/v1/nodes/{ref}",
  "/v1/clusters",
  "/v1/clusters/{ref}",
  "/v1/status",
  "/v1/changes/{number}",
];

/** Paths of queries that no event makes old: they are streams' history or asked on purpose. */
const ON_REQUEST = ["/v1/flows"];

export type Event = {
  event: string;
  node?: string;
  from?: string;
  to?: string;
  revision?: string;
  reason?: string;
  action?: string;
  who?: string;
};

type Listener = (event: Event) => void;
const listeners = new Set<Listener>();

/** Calls back for every event while the component is there. */
export function useEvents(listener: Listener) {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listener]);
}

/** Whether an event of this kind makes a query with this key old. */
export function makesOld(kind: string, key: readonly unknown[]): boolean {
  const path = key[1];
  if (key[0] !== "get" || typeof path !== "string" || ON_REQUEST.includes(path)) return false;
  return kind === "change" || kind === "lost" || NODE_PATHS.includes(path);
}

/** Follows the event stream as long as the component is there; tells whether it is connected. */
export function useEventStream(): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);

  useEffect(() => {
    let source: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    const kinds = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    const renew = () => {
      const seen = [...kinds];
      kinds.clear();
      timer = undefined;
      void client.invalidateQueries({
        predicate: ({ queryKey }) => seen.some((kind) => makesOld(kind, queryKey)),
      });
    };
    const take = (kind: string) => {
      kinds.add(kind);
      timer ??= setTimeout(renew, GATHER_MS);
    };
    const receive = (message: MessageEvent<string>) => {
      take(message.type);
      const event = { ...(JSON.parse(message.data) as object), event: message.type } as Event;
      for (const listener of listeners) listener(event);
    };

    let wasCut = false;
    const connect = () => {
      source = new EventSource("/v1/events");
      for (const kind of KINDS) source.addEventListener(kind, receive);
      source.onopen = () => {
        setConnected(true);
        if (wasCut) take("lost");
        wasCut = false;
      };
      source.onerror = () => {
        wasCut = true;
        setConnected(false);
        // A browser tries again after a lost connection, but not after a refusal: the session may have ended.
        if (source.readyState !== EventSource.CLOSED) return;
        void api.GET("/v1/whoami").catch(() => {});
        again = setTimeout(connect, RETRY_MS);
      };
    };

    connect();
    return () => {
      source.close();
      clearTimeout(timer);
      clearTimeout(again);
    };
  }, [client]);
  return connected;
}
