// SPDX-License-Identifier: Apache-2.0
// A review from its first question to the change that was made.
import { useCallback, useRef, useState } from "react";
import { useEvents, type Event } from "../api/events";
import { type ApiError, toApiError } from "../api/problem";
import { type Forecast, foresee } from "./forecast";
import { type Change, type Established, make } from "./request";
import type { Review } from "./review";

export type Step =
  | { kind: "asking" }
  /** It cannot be made at all. */
  | { kind: "refused"; error: ApiError }
  /** 'error': why the last attempt to make it failed. */
  | { kind: "asked"; forecast: Forecast; error?: ApiError }
  | { kind: "making"; forecast: Forecast }
  | { kind: "made"; change: Change };

export function useSteps() {
  const [review, setReview] = useState<Review | null>(null);
  const [step, setStep] = useState<Step>({ kind: "asking" });
  const [force, setForce] = useState<string[]>([]);
  const [established, setEstablished] = useState<Established>("cut");
  const resolve = useRef<(change: Change | null) => void>(() => {});
  const idempotencyKey = useRef("");
  const asked = useRef(0); // answers to questions before the newest are too late

  const ask = useCallback((next: Review, error?: ApiError) => {
    const question = ++asked.current;
    const take = (answer: Step) => question === asked.current && setStep(answer);
    foresee(next.request).then(
      (forecast) => take({ kind: "asked", forecast, error }),
      (thrown: unknown) => take({ kind: "refused", error: toApiError(thrown) }),
    );
  }, []);

  const begin = useCallback(
    (next: Review) => {
      resolve.current(null);
      setReview(next);
      setStep({ kind: "asking" });
      setForce([]);
      setEstablished("cut");
      idempotencyKey.current = crypto.randomUUID();
      ask(next);
      return new Promise<Change | null>((done) => {
        resolve.current = done;
      });
    },
    [ask],
  );

  const close = () => {
    if (step.kind === "making") return;
    asked.current++;
    resolve.current(null);
    setReview(null);
  };

  const apply = async () => {
    if (!review || step.kind !== "asked") return;
    asked.current++;
    setStep({ kind: "making", forecast: step.forecast });
    try {
      const change = await make(review.request, idempotencyKey.current, { force, established });
      setStep({ kind: "made", change });
      resolve.current(change);
    } catch (thrown) {
      const error = toApiError(thrown);
      setStep({ kind: "asked", forecast: step.forecast, error });
      // What was refused after all is refused by a state that was not asked about.
      if (error.status === 409) ask(review, error);
    }
  };

  // Others change things, too: what is on the screen must be what would happen now.
  useEvents(
    useCallback(
      (event: Event) => {
        if (event.event === "change" && review && step.kind === "asked") ask(review);
      },
      [ask, review, step.kind],
    ),
  );

  return { review, step, force, setForce, established, setEstablished, begin, apply, close };
}
