// SPDX-License-Identifier: Apache-2.0
// The one way in which the console changes something that nodes enforce: what it opens and closes and who objects
// is shown first, then it is made, then how far the nodes are.
import { Alert, Button, Drawer, Flex, Typography } from "antd";
import { createContext, type ReactNode, useContext } from "react";
import { useTranslation } from "react-i18next";
import { ProblemAlert } from "../components/problem";
import { Waiting } from "../components/waiting";
import { useNarrow } from "../theme/theme";
import { Cuts } from "./cuts";
import { type Forecast, refusals } from "./forecast";
import { Guards } from "./guards";
import { Progress } from "./progress";
import { Promises } from "./promises";
import type { Change, ChangeRequest } from "./request";
import { RuleChanges } from "./rule-changes";
import { useSteps } from "./steps";
import { Traffic } from "./traffic";

export type Review = {
  /** What is about to be done, as a heading: "Add 2 rules to web". */
  title: string;
  request: ChangeRequest;
  /** What more should be known before: what is cut, what comes with it. */
  note?: ReactNode;
  /** For acts that cannot be undone: the button says this in red. */
  destructive?: string;
  /** What takes the change back once it was made; reviewed like any other. */
  undo?: (made: Change) => Review | null;
};

const ChangeContext = createContext<((review: Review) => Promise<Change | null>) | null>(null);

/** Gives a function that reviews a change with the person; it ends with the change that was made, or null. */
export function useReview() {
  const review = useContext(ChangeContext);
  if (!review) throw new Error("outside of ChangeProvider");
  return review;
}

/** A review may be asked for by a form in a drawer in a drawer, each of which stands above the other. */
const ABOVE_FORMS = 1400;

export function ChangeProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation("change", { useSuspense: false });
  const narrow = useNarrow();
  const steps = useSteps();
  const { review, step, force, begin, apply, close } = steps;
  const forecast = step.kind === "asked" || step.kind === "making" ? step.forecast : null;
  const unforced = forecast ? refusals(forecast.guards).filter((id) => !force.includes(id)) : [];
  const undo = step.kind === "made" && step.change.changed ? review?.undo?.(step.change) : null;

  return (
    <ChangeContext value={begin}>
      {children}
      <Drawer
        open={review !== null}
        onClose={close}
        zIndex={ABOVE_FORMS}
        title={<span style={{ overflowWrap: "anywhere" }}>{review?.title}</span>}
        size={narrow ? "100%" : 720}
        destroyOnHidden
        mask={{ closable: step.kind === "made" }}
        footer={
          <Flex gap="small" justify="end" align="center" wrap>
            {unforced.length > 0 && (
              <Typography.Text type="secondary" style={{ flex: 1 }}>
                {t("refused")}
              </Typography.Text>
            )}
            {undo && <Button onClick={() => void begin(undo)}>{t("undo")}</Button>}
            <Button onClick={close} disabled={step.kind === "making"}>
              {step.kind === "made" ? t("close") : t("cancel")}
            </Button>
            {forecast && (
              <Button
                type="primary"
                danger={Boolean(review?.destructive) || refusals(forecast.guards).length > 0}
                disabled={unforced.length > 0 || !forecast.change.changed}
                loading={step.kind === "making"}
                onClick={() => void apply()}
              >
                {review?.destructive ?? t("apply")}
              </Button>
            )}
          </Flex>
        }
      >
        <Flex vertical gap="middle">
          {step.kind !== "made" && review?.note}
          {step.kind === "asking" && <Waiting />}
          {step.kind === "refused" && <ProblemAlert error={step.error} />}
          {step.kind === "asked" && step.error && <ProblemAlert error={step.error} />}
          {forecast && <Effects forecast={forecast} steps={steps} />}
          {step.kind === "made" && <Progress change={step.change} />}
        </Flex>
      </Drawer>
    </ChangeContext>
  );
}

/** Ids of what the change makes: nobody knows them yet. */
function idsOf({ items, outcomes }: Change): Set<string> {
  const existed = new Set((outcomes ?? []).filter(({ fate }) => fate === "existed").map(({ id }) => id));
  return new Set(items.map((item) => (item as { id?: string }).id ?? "").filter((id) => !existed.has(id)));
}

function Effects({ forecast, steps }: { forecast: Forecast; steps: ReturnType<typeof useSteps> }) {
  const { change, guards } = forecast;
  const { t } = useTranslation("change");
  const notes = change.notes ?? [];

  return (
    <>
      {!change.changed && <Alert type="info" showIcon title={t("nothing")} />}
      <Guards guards={guards} force={steps.force} onForce={steps.setForce} />
      {change.changed && (
        <>
          <Traffic diff={change.traffic} omitted={change.traffic_omitted} fresh={idsOf(change)} />
          {change.cuts && (
            <Cuts
              cuts={change.cuts}
              closesNothing={change.traffic?.items.every((item) => item.change === "opens") ?? false}
              established={steps.established}
              onEstablished={steps.setEstablished}
            />
          )}
          {change.cuts_omitted && (
            <Alert type="info" showIcon title={t("cuts-omitted")} description={change.cuts_omitted} />
          )}
          <RuleChanges diff={change.diff ?? []} />
          <Promises guards={guards} />
        </>
      )}
      {notes.length > 0 && (
        <Alert
          type="info"
          title={
            <Flex vertical className="mono">
              {notes.map((note) => (
                <span key={note}>{note}</span>
              ))}
            </Flex>
          }
        />
      )}
      {change.changed && (
        <Typography.Text type="secondary">
          {change.concerned ? t("concerned", { count: change.concerned }) : t("concerns-nobody")}
        </Typography.Text>
      )}
    </>
  );
}
