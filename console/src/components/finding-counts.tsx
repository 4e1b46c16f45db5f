// SPDX-License-Identifier: Apache-2.0
import { CheckCircleOutlined } from "@ant-design/icons";
import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import type { Schemas } from "../api/client";
import { type Severity, SeverityTag } from "./marks";

type Findings = Schemas["AuditSummary"]["items"][number]["findings"];

const WORST_FIRST: Severity[] = ["critical", "high", "medium", "low", "info"];

/** Findings of an audit by severity; a link to them. */
export function FindingCounts({ findings, to }: { findings: Findings; to: string }) {
  const { t } = useTranslation();
  const there = WORST_FIRST.filter((severity) => findings[severity] > 0);
  if (there.length === 0)
    return (
      <Typography.Text type="success">
        <CheckCircleOutlined /> {t("no-findings")}
      </Typography.Text>
    );
  return (
    <Link to={to} className="tag-link">
      <Flex gap={4} wrap component="span">
        {there.map((severity) => (
          <SeverityTag key={severity} severity={severity} count={findings[severity]} />
        ))}
      </Flex>
    </Link>
  );
}
