// SPDX-License-Identifier: Apache-2.0
// Which findings are shown: what the address of the page says.
import type { Schemas } from "../../api/client";
import type { Severity } from "../../components/marks";

export type Audit = Schemas["Audit"];
export type Finding = Audit["findings"][number];
export type Subject = Schemas["AuditSubject"];

export const severities: Severity[] = ["critical", "high", "medium", "low", "info"];

export type Filter = {
  /** None: all of them. */
  severities: Severity[];
  /** Id or name of a cluster or group. */
  subject?: string;
  check?: string;
  /** Show accepted findings, too. */
  accepted: boolean;
};

export function filterOf(params: URLSearchParams): Filter {
  return {
    severities: severities.filter((severity) => params.getAll("severity").includes(severity)),
    subject: params.get("cluster") ?? undefined,
    check: params.get("check") ?? undefined,
    accepted: params.get("accepted") === "1",
  };
}

const isOf = (subject: Subject, reference?: string) =>
  !reference || subject.id === reference || subject.name === reference;

/** Findings that pass the filter, worst first as they come; accepted ones last. */
export function shown(findings: Finding[], filter: Filter): Finding[] {
  const passing = findings.filter(
    ({ severity, subject, check, suppressed }) =>
      (filter.severities.length === 0 || filter.severities.includes(severity)) &&
      isOf(subject, filter.subject) &&
      (!filter.check || check === filter.check) &&
      (filter.accepted || suppressed === undefined),
  );
  return [
    ...passing.filter(({ suppressed }) => suppressed === undefined),
    ...passing.filter(({ suppressed }) => suppressed !== undefined),
  ];
}

/** How many findings of each severity are not accepted, whatever severity is chosen. */
export function counts(findings: Finding[], filter: Filter): Record<Severity, number> {
  const all = shown(findings, { ...filter, severities: [], accepted: false });
  return Object.fromEntries(
    severities.map((severity) => [severity, all.filter((one) => one.severity === severity).length]),
  ) as Record<Severity, number>;
}

/** Clusters and groups that anything was found at, and checks that found anything. */
export function choices(findings: Finding[]): { subjects: Subject[]; checks: string[] } {
  const subjects = new Map(findings.map(({ subject }) => [subject.id, subject]));
  return {
    subjects: [...subjects.values()].sort((a, b) => a.name.localeCompare(b.name)),
    checks: [...new Set(findings.map(({ check }) => check))].sort(),
  };
}

export const findingKey = ({ check, subject, detail }: Finding) => `${check} ${subject.id} ${detail}`;
