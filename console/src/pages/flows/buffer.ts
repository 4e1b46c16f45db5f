// SPDX-License-Identifier: Apache-2.0
// What came by the stream of flows: the newest, within bounds; while it is paused, what waits.
import type { Schemas } from "../../api/client";
import { type Verdict, verdicts } from "./filters";

export type Flow = Schemas["Flow"];

/** A line of the live list: flows, or that some are missing. */
export type Live = { number: number; flow: Flow } | { number: number; flow: null };

export const BUFFER_MAX = 500;

export type Buffer = {
  /** Newest first, at most BUFFER_MAX. */
  rows: Live[];
  /** Came while it was paused, newest first, at most BUFFER_MAX. */
  waiting: Live[];
  /** How many came while it was paused; may be more than wait. */
  held: number;
  /** Since the page was opened. */
  counts: Record<Verdict, number>;
  /** Of the newest line. */
  number: number;
};

export const emptyBuffer: Buffer = {
  rows: [],
  waiting: [],
  held: 0,
  counts: { accepted: 0, refused: 0, "would-drop": 0 },
  number: 0,
};

/** Takes what came, oldest first; null stands for flows that are missing. */
export function take(buffer: Buffer, came: readonly (Flow | null)[], paused: boolean): Buffer {
  let { number } = buffer;
  const counts = { ...buffer.counts };
  const lines = came.map((flow): Live => ({ number: ++number, flow })).reverse();
  for (const flow of came) if (flow) counts[flow.verdict] += Number(flow.count);
  const next = { ...buffer, counts, number };
  return paused
    ? { ...next, waiting: [...lines, ...buffer.waiting].slice(0, BUFFER_MAX), held: buffer.held + came.length }
    : { ...next, rows: [...lines, ...buffer.rows].slice(0, BUFFER_MAX) };
}

/** Shows what waited. */
export function resume(buffer: Buffer): Buffer {
  return { ...buffer, rows: [...buffer.waiting, ...buffer.rows].slice(0, BUFFER_MAX), waiting: [], held: 0 };
}

export const seenAny = ({ counts }: Buffer) => verdicts.some((verdict) => counts[verdict] > 0);
