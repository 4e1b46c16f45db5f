// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Space } from "antd";
import { useTranslation } from "react-i18next";
import { toApiError } from "../api/problem";

/** What went wrong and what to do about it, in the server's words. */
export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  const { problem, status } = toApiError(error);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={status === 0 ? t("problem.unreachable") : problem.detail}
      description={
        <Space orientation="vertical" size="small">
          {problem.field && (
            <span>
              {t("problem.field")} <code className="mono">{problem.field}</code>
            </span>
          )}
          {status === 0 ? t("problem.unreachable-hint") : problem.hint}
          {problem.referrers?.length ? (
            <span>
              {t("problem.referrers")}{" "}
              {problem.referrers.map(({ id, name, rule }) => (name || id) + (rule ? ` (${rule})` : "")).join(", ")}
            </span>
          ) : null}
        </Space>
      }
      action={
        onRetry && (
          <Button size="small" onClick={onRetry}>
            {t("again")}
          </Button>
        )
      }
    />
  );
}
