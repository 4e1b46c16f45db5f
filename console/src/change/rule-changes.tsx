// SPDX-License-Identifier: Apache-2.0
import { MinusOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Change } from "./request";
import "./change.css";

const SHOWN = 20;

/** Rules that come and go, as text; what "apply" answers. */
export function RuleChanges({ diff }: { diff: NonNullable<Change["diff"]> }) {
  const { t } = useTranslation("change");
  const [all, setAll] = useState(false);
  if (diff.length === 0) return null;
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 15, margin: "0 0 4px" }}>
        {t("rule-changes")}
      </Typography.Title>
      <ul className="rule-changes mono">
        {(all ? diff : diff.slice(0, SHOWN)).map(({ change, rule }, index) => (
          // Rules of one text may come twice; nothing else tells them apart.
          <li key={`${index} ${rule}`}>
            {change === "add" ? (
              <PlusOutlined aria-label={t("rule-added")} style={{ color: "var(--ant-color-success)" }} />
            ) : (
              <MinusOutlined aria-label={t("rule-removed")} style={{ color: "var(--ant-color-error)" }} />
            )}{" "}
            {rule}
          </li>
        ))}
      </ul>
      {!all && diff.length > SHOWN && (
        <Button type="link" style={{ paddingInline: 0 }} onClick={() => setAll(true)}>
          {t("show-all", { count: diff.length })}
        </Button>
      )}
    </section>
  );
}
