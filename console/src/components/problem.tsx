// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Space } from "antd";
import { useTranslation } from "react-i18next";
import { toApiError } from "../api/problem";
import { isServers } from "../i18n";
import { Elsewhere } from "./elsewhere";

/** What went wrong and what to do about it: in the server's words, and before them by its code in other languages. */
export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t, i18n } = useTranslation();
  if (!error) return null;
  const { problem, status, kind } = toApiError(error);
  const standsBy = kind === "standby";
  const said = isServers(i18n.language) ? "" : t(`problem-kind.${kind}`, { defaultValue: "" });
  const title = standsBy ? t(problem.active ? "standby.other" : "standby.none") : said || problem.detail;
  const hint = status === 0 ? t("problem.unreachable-hint") : standsBy ? t("standby.refused") : problem.hint;
  const detail = !standsBy && status !== 0 && said ? problem.detail : "";
  const tellsMore = Boolean(detail || hint || problem.field || problem.referrers?.length);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={status === 0 ? t("problem.unreachable") : title}
      description={
        tellsMore ? (
          <Space orientation="vertical" size="small">
            {detail && <span lang="en">{detail}</span>}
            {problem.field && (
              <span>
                {t("problem.field")} <code className="mono">{problem.field}</code>
              </span>
            )}
            {hint}
            {problem.active && <Elsewhere controllers={[problem.active]} />}
            {problem.referrers?.length ? (
              <span>
                {t("problem.referrers")}{" "}
                {problem.referrers.map(({ id, name, rule }) => (name || id) + (rule ? ` (${rule})` : "")).join(", ")}
              </span>
            ) : null}
          </Space>
        ) : undefined
      }
      action={
        // What is not there will not be there the next time either.
        onRetry &&
        status !== 404 && (
          <Button size="small" onClick={onRetry}>
            {t("again")}
          </Button>
        )
      }
    />
  );
}
