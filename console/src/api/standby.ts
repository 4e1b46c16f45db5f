// SPDX-License-Identifier: Apache-2.0
// Whether the controller that serves this page stands by. Every answer tells: one that stands by refuses all, others do not.
import { useSyncExternalStore } from "react";
import type { ApiError } from "./problem";

/** 'active' is the URL of the active one, where it is known. */
export type Standby = { active?: string };

let current: Standby | null = null;
const listeners = new Set<() => void>();

/** Takes what an answer told: nothing wrong, or what was. */
export function noteAnswer(error?: ApiError) {
  const active = error?.problem.active;
  const next = error?.kind === "standby" ? { active } : null;
  if (Boolean(next) === Boolean(current) && next?.active === current?.active) return;
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What is known of it; null where it serves. */
export const useStandby = () => useSyncExternalStore(subscribe, () => current);
