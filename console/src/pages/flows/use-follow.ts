// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Buffer, emptyBuffer, type Flow, resume, take } from "./buffer";
import type { Filters } from "./filters";

/** How long flows are gathered before the list is drawn again. */
const GATHER_MS = 250;
/** The history and the chart are asked again at most so often while flows come. */
const RENEW_MS = 10_000;
const RETRY_MS = 5000;

type Followed = Pick<Filters, "cluster" | "node" | "verdict">;

function address(which: Followed): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(which)) if (value) params.set(name, value);
  const text = params.toString();
  return text ? `/v1/flows/follow?${text}` : "/v1/flows/follow";
}

/** Follows what nodes report of flows as long as the page is there. */
export function useFollow({ cluster, node, verdict }: Followed) {
  const queries = useQueryClient();
  const [buffer, setBuffer] = useState<Buffer>(emptyBuffer);
  const [paused, setPaused] = useState(false);
  const [connected, setConnected] = useState(true);
  const isPaused = useRef(paused);
  isPaused.current = paused;

  useEffect(() => {
    let source: EventSource | undefined;
    let gathering: ReturnType<typeof setTimeout> | undefined;
    let renewing: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let came: (Flow | null)[] = [];

    const show = () => {
      gathering = undefined;
      const taken = came;
      came = [];
      setBuffer((old) => take(old, taken, isPaused.current));
    };
    const renew = () => {
      renewing = undefined;
      void queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/flows") });
    };
    const receive = (flow: Flow | null) => {
      came.push(flow);
      gathering ??= setTimeout(show, GATHER_MS);
      renewing ??= setTimeout(renew, RENEW_MS);
    };
    const connect = () => {
      source = new EventSource(address({ cluster, node, verdict }));
      source.addEventListener("flow", ({ data }: MessageEvent<string>) => receive(JSON.parse(data) as Flow));
      source.addEventListener("lost", () => receive(null));
      source.onopen = () => setConnected(true);
      source.onerror = () => {
        setConnected(false);
        if (source?.readyState === EventSource.CLOSED) again = setTimeout(connect, RETRY_MS);
      };
    };

    setBuffer(emptyBuffer);
    connect();
    return () => {
      source?.close();
      clearTimeout(gathering);
      clearTimeout(renewing);
      clearTimeout(again);
    };
  }, [queries, cluster, node, verdict]);

  const pause = useCallback((next: boolean) => {
    setPaused(next);
    if (!next) setBuffer(resume);
  }, []);
  return { buffer, paused, pause, connected };
}
