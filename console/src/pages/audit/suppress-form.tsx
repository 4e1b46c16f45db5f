// SPDX-License-Identifier: Apache-2.0
// Accepts a finding: with a reason, here or everywhere, for a time or for good.
import { useQueryClient } from "@tanstack/react-query";
import { Form, Input, Modal, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { type ApiError, toApiError } from "../../api/problem";
import { useCheckText } from "../../components/check-text";
import { ProblemAlert } from "../../components/problem";
import type { Finding } from "./findings";
import { endOfDay, renewAudit } from "./suppression";

type Values = { scope: "here" | "everywhere"; reason: string; until?: string };

const DAY_MS = 24 * 3600 * 1000;
const REASON_MAX = 255;

export function SuppressForm({ finding, onClose }: { finding: Finding | null; onClose: () => void }) {
  const { t } = useTranslation("audit");
  return (
    <Modal
      open={finding !== null}
      onCancel={onClose}
      title={t("accept-title")}
      okText={t("accept")}
      cancelText={t("common:cancel")}
      okButtonProps={{ htmlType: "submit", form: "suppress" }}
      destroyOnHidden
    >
      {finding && <Fields finding={finding} onDone={onClose} />}
    </Modal>
  );
}

function Fields({ finding, onDone }: { finding: Finding; onDone: () => void }) {
  const { t } = useTranslation("audit");
  const queries = useQueryClient();
  const text = useCheckText()(finding);
  const [error, setError] = useState<ApiError | null>(null);

  const save = async ({ scope, reason, until }: Values) => {
    setError(null);
    try {
      await api.POST("/v1/audit/suppressions", {
        body: {
          check: finding.check,
          subject: scope === "here" ? finding.subject.id : "*",
          reason: reason.trim(),
          expires: endOfDay(until),
        },
      });
    } catch (thrown) {
      setError(toApiError(thrown));
      return;
    }
    await renewAudit(queries);
    onDone();
  };

  return (
    <Form<Values> id="suppress" layout="vertical" initialValues={{ scope: "here" }} onFinish={(it) => void save(it)}>
      <p>
        <strong className="audit-title">{text.title}</strong> · {finding.subject.name}
      </p>
      <p>{t("accept-meaning")}</p>
      {error && <ProblemAlert error={error} />}
      <Form.Item
        name="reason"
        label={t("why-accepted")}
        rules={[{ required: true, whitespace: true, message: t("reason-missing") }]}
      >
        <Input.TextArea maxLength={REASON_MAX} rows={3} placeholder={t("reason-example")} />
      </Form.Item>
      <Form.Item name="scope" label={t("scope")}>
        <Radio.Group
          options={[
            { value: "here", label: t("only-here", { name: finding.subject.name }) },
            { value: "everywhere", label: t("all-subjects") },
          ]}
        />
      </Form.Item>
      <Form.Item name="until" label={t("until")} extra={t("until-hint")}>
        <Input type="date" min={new Date(Date.now() + DAY_MS).toISOString().slice(0, 10)} style={{ width: 200 }} />
      </Form.Item>
    </Form>
  );
}
