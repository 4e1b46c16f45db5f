// SPDX-License-Identifier: Apache-2.0
// What the address of the wizard says: where in it people are, and what the plan is asked with.
import type { Schemas } from "../../api/client";

export type Plan = Schemas["TightenPlan"];
export type Step = Plan["steps"][number];
export type Exposure = Schemas["TightenExposure"];
export type Refusal = Schemas["TightenRefusal"];
export type StepName = Schemas["TightenStepName"];

export const panels = ["evidence", "plan", "stage", "apply"] as const;
export type Panel = (typeof panels)[number];

/** What a plan is made with; the same is given when a step of it is carried out. */
export type Options = {
  since?: string;
  need?: string;
  close?: string;
  without_flows?: boolean;
  without_listeners?: boolean;
};

export function optionsOf(params: URLSearchParams): Options {
  const flag = (name: string) => (params.get(name) === "1" ? true : undefined);
  return {
    since: params.get("since") ?? undefined,
    need: params.get("need") ?? undefined,
    close: params.get("close") ?? undefined,
    without_flows: flag("without_flows"),
    without_listeners: flag("without_listeners"),
  };
}

export function panelOf(params: URLSearchParams): Panel {
  return panels.find((panel) => panel === params.get("panel")) ?? "evidence";
}

/** A time some hours ago, to the second, as the API takes it. */
export function hoursAgo(hours: number, now: Date): string {
  const then = new Date(now.getTime() - hours * 3600 * 1000);
  then.setMilliseconds(0);
  return then.toISOString().replace(".000Z", "Z");
}

/** Steps that were carried out and not taken back since: of log items, newest first. */
export function stepsDone(log: Pick<Schemas["LogItem"], "action" | "time">[]): { step: string; time: string }[] {
  const done: { step: string; time: string }[] = [];
  for (const { action, time } of log) {
    const step = /^tighten: (.+)$/.exec(action)?.[1];
    if (step === "undo") break;
    if (step) done.unshift({ step, time });
  }
  return done;
}
