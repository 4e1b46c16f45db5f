// SPDX-License-Identifier: Apache-2.0
// What a change would do and who objects, before it is made.
import { type Guard, toApiError } from "../api/problem";
import { type Change, type ChangeRequest, preview } from "./request";

export type Forecast = {
  change: Change;
  /** Who refuses (forced or not yet) and who warns. */
  guards: Guard[];
};

/** The words that 'force' takes to overrule these guards; warnings refuse nothing. */
export function refusals(guards: readonly Guard[]): string[] {
  return [...new Set(guards.filter(({ warning }) => !warning).map(({ id }) => id))];
}

/** Guards that overrule may uncover others; more often than this they do not. */
const TRIES = 4;

/**
 * Asks what the change would do. A dry run that guards refuse is asked again as if they were overruled, so that its
 * traffic is seen, too: nothing is changed by that. Throws what else refuses it.
 */
export async function foresee(request: ChangeRequest, ask: typeof preview = preview): Promise<Forecast> {
  let objecting: Guard[] = [];
  for (let tries = 1; ; tries++) {
    const force = refusals(objecting);
    try {
      const change = await ask(request, { force });
      return { change, guards: change.guards ?? [] };
    } catch (thrown) {
      const error = toApiError(thrown);
      const guards = error.problem.guards ?? [];
      const isNews = refusals(guards).some((id) => !force.includes(id));
      if (error.kind !== "guard" || !isNews || tries === TRIES) throw error;
      objecting = [...objecting, ...guards];
    }
  }
}

/** The kind of a guard: "finding" of "finding:open-ssh". */
export function guardKind(id: string): string {
  return id.split(":")[0]!;
}

/** Objections of the same guard together, those that refuse first. */
export function groupGuards(guards: readonly Guard[]): Guard[][] {
  const groups = new Map<string, Guard[]>();
  for (const guard of guards) {
    const key = `${guard.warning ? 1 : 0} ${guard.id}`;
    groups.set(key, [...(groups.get(key) ?? []), guard]);
  }
  return [...groups].sort(([a], [b]) => Number(a[0]) - Number(b[0])).map(([, same]) => same);
}
