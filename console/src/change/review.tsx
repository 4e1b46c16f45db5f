// SPDX-License-Identifier: Apache-2.0
// The one way in which the console changes something that nodes enforce: what it opens and closes and who objects
// is shown first, then it is made, then how far the nodes are.
import { Alert, Button, Checkbox, Drawer, Flex, Typography } from "antd";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApiError, type Guard, toApiError } from "../api/problem";
import { ProblemAlert } from "../components/problem";
import { Waiting } from "../components/waiting";
import { useNarrow } from "../theme/theme";
import { Progress } from "./progress";
import { type Change, type ChangeRequest, make, preview } from "./request";
import { Traffic } from "./traffic";

export type Review = {
  /** What is about to be done, as a heading: "Add 2 rules to web". */
  title: string;
  request: ChangeRequest;
  /** For acts that cannot be undone: the button says this in red. */
  destructive?: string;
};

type Step =
  | { kind: "asking" }
  | { kind: "asked"; change: Change }
  | { kind: "refused"; error: ApiError }
  | { kind: "making"; change: Change }
  | { kind: "made"; change: Change };

const ChangeContext = createContext<((review: Review) => Promise<Change | null>) | null>(null);

/** Gives a function that reviews a change with the person; it ends with the change that was made, or null. */
export function useReview() {
  const review = useContext(ChangeContext);
  if (!review) throw new Error("outside of ChangeProvider");
  return review;
}

export function ChangeProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation("change", { useSuspense: false });
  const narrow = useNarrow();
  const [review, setReview] = useState<Review | null>(null);
  const [step, setStep] = useState<Step>({ kind: "asking" });
  const [force, setForce] = useState<string[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  const resolve = useRef<(change: Change | null) => void>(() => {});
  const idempotencyKey = useRef("");

  const begin = useCallback((next: Review) => {
    setReview(next);
    setStep({ kind: "asking" });
    setForce([]);
    setError(null);
    idempotencyKey.current = crypto.randomUUID();
    preview(next.request).then(
      (change) => setStep({ kind: "asked", change }),
      (thrown: unknown) => setStep({ kind: "refused", error: toApiError(thrown) }),
    );
    return new Promise<Change | null>((done) => {
      resolve.current = done;
    });
  }, []);

  const close = () => {
    if (step.kind === "making") return;
    if (step.kind !== "made") resolve.current(null);
    setReview(null);
  };

  const apply = async (change: Change) => {
    if (!review) return;
    setStep({ kind: "making", change });
    setError(null);
    try {
      const made = await make(review.request, idempotencyKey.current, { force });
      setStep({ kind: "made", change: made });
      resolve.current(made);
    } catch (thrown) {
      setError(toApiError(thrown));
      setStep({ kind: "asked", change });
    }
  };

  const value = useMemo(() => begin, [begin]);
  const change = step.kind === "asked" || step.kind === "making" ? step.change : null;
  const refusing = (change?.guards ?? []).filter(({ warning }) => !warning);
  const unforced = refusing.filter(({ id }) => !force.includes(id));

  return (
    <ChangeContext value={value}>
      {children}
      <Drawer
        open={review !== null}
        onClose={close}
        title={review?.title}
        size={narrow ? "100%" : 720}
        destroyOnHidden
        footer={
          <Flex gap="small" justify="end">
            <Button onClick={close}>{step.kind === "made" ? t("close") : t("cancel")}</Button>
            {change && (
              <Button
                type="primary"
                danger={Boolean(review?.destructive)}
                disabled={unforced.length > 0 || !change.changed}
                loading={step.kind === "making"}
                onClick={() => void apply(change)}
              >
                {review?.destructive ?? t("apply")}
              </Button>
            )}
          </Flex>
        }
      >
        <Flex vertical gap="middle">
          {step.kind === "asking" && <Waiting />}
          {step.kind === "refused" && <ProblemAlert error={step.error} />}
          {error && <ProblemAlert error={error} />}
          {change && <Forecast change={change} guards={change.guards ?? []} force={force} onForce={setForce} />}
          {step.kind === "made" && <Progress change={step.change} />}
        </Flex>
      </Drawer>
    </ChangeContext>
  );
}

function Forecast(props: {
  change: Change;
  guards: Guard[];
  force: string[];
  onForce: (force: string[]) => void;
}) {
  const { change, guards, force, onForce } = props;
  const { t } = useTranslation("change");

  if (!change.changed) return <Alert type="info" showIcon title={t("nothing")} />;
  return (
    <>
      {guards.map((guard) => (
        <Alert
          key={`${guard.id} ${guard.node} ${guard.subject}`}
          type={guard.warning ? "warning" : "error"}
          showIcon
          title={guard.detail}
          description={
            !guard.warning && (
              <Checkbox
                checked={force.includes(guard.id)}
                onChange={({ target }) =>
                  onForce(target.checked ? [...force, guard.id] : force.filter((id) => id !== guard.id))
                }
              >
                {t("force", { guard: guard.id })}
              </Checkbox>
            )
          }
        />
      ))}
      <Traffic diff={change.traffic} omitted={change.traffic_omitted} />
      <Typography.Text type="secondary">{t("concerned", { count: change.concerned ?? 0 })}</Typography.Text>
    </>
  );
}
