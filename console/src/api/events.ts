// SPDX-License-Identifier: Apache-2.0
// Keeps what is on the screen current: the server's events tell what has become old.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "./client";
import { Renewal } from "./renewal";

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

/** Follows the event stream as long as the component is there; tells whether it is connected. */
export function useEventStream(): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);

  useEffect(() => {
    let source: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    const renewal = new Renewal(client);

    const receive = (message: MessageEvent<string>) => {
      renewal.take(message.type);
      const event = { ...(JSON.parse(message.data) as object), event: message.type } as Event;
      for (const listener of listeners) listener(event);
    };

    let wasCut = false;
    const connect = () => {
      source = new EventSource("/v1/events");
      for (const kind of KINDS) source.addEventListener(kind, receive);
      source.onopen = () => {
        setConnected(true);
        if (wasCut) renewal.take("lost");
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
      renewal.stop();
      clearTimeout(again);
    };
  }, [client]);
  return connected;
}
