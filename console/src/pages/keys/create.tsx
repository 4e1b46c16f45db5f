// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Input, Modal, Radio, Select, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas } from "../../api/client";
import { type ApiError, toApiError } from "../../api/problem";
import { Copyable } from "../../components/copyable";
import { ProblemAlert } from "../../components/problem";
import type { Role } from "../../session/session";
import { expiryOf, type Term, terms, tomorrow } from "./expiry";

type Fields = { name: string; role: Role; term: Term; date?: string };
const roles: Role[] = ["viewer", "operator", "admin"];

/** Makes a key and shows it, this once. */
export function CreateKey({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("keys");
  const [made, setMade] = useState<Schemas["KeyMade"] | null>(null);

  const close = () => {
    onClose();
    setMade(null);
  };
  return (
    <Modal
      open={open}
      title={made ? t("made", { name: made.name }) : t("create")}
      onCancel={close}
      // The key is shown this once: no slip of the pointer may lose it.
      mask={{ closable: !made }}
      keyboard={!made}
      footer={made ? <Button type="primary" onClick={close}>{t("kept")}</Button> : null}
      destroyOnHidden
    >
      {made ? <Made made={made} /> : <KeyForm onMade={setMade} onCancel={close} />}
    </Modal>
  );
}

function Made({ made }: { made: Schemas["KeyMade"] }) {
  const { t } = useTranslation("keys");
  return (
    <Flex vertical gap="middle" role="status">
      <Alert type="warning" showIcon title={t("shown-once")} />
      <Copyable text={made.key} code />
      <Typography.Text type="secondary">{t("how-to-use")}</Typography.Text>
    </Flex>
  );
}

function KeyForm({ onMade, onCancel }: { onMade: (made: Schemas["KeyMade"]) => void; onCancel: () => void }) {
  const { t } = useTranslation("keys");
  const queries = useQueryClient();
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const [form] = Form.useForm<Fields>();
  const term = Form.useWatch("term", form);

  const submit = async ({ name, role, term: chosen, date }: Fields) => {
    setBusy(true);
    setError(null);
    try {
      const expires = expiryOf(chosen, date, Date.now());
      const { data } = await api.POST("/v1/keys", { body: { name: name.trim(), role, expires } });
      void queries.invalidateQueries({ queryKey: ["get", "/v1/keys"] });
      onMade(data!);
    } catch (thrown) {
      setError(toApiError(thrown));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(fields) => void submit(fields)}
      initialValues={{ role: "viewer", term: "90" }}
    >
      <ProblemAlert error={error} />
      <Form.Item name="name" label={t("name")} extra={t("name-hint")} rules={[{ required: true, whitespace: true, message: t("name-missing") }]}>
        <Input maxLength={63} autoComplete="off" />
      </Form.Item>
      <Form.Item name="role" label={t("role")}>
        <Radio.Group
          vertical
          options={roles.map((value) => ({
            value,
            label: (
              <span>
                {t(`common:role.${value}`)}: <Typography.Text type="secondary">{t(`role-may.${value}`)}</Typography.Text>
              </span>
            ),
          }))}
        />
      </Form.Item>
      <Form.Item name="term" label={t("expires")}>
        <Select options={terms.map((value) => ({ value, label: t(`term.${value}`) }))} />
      </Form.Item>
      {term === "date" && (
        <Form.Item name="date" label={t("last-day")} rules={[{ required: true, message: t("date-missing") }]}>
          <Input type="date" min={tomorrow(Date.now())} />
        </Form.Item>
      )}
      <Flex gap="small" justify="end">
        <Button onClick={onCancel}>{t("common:cancel")}</Button>
        <Button type="primary" htmlType="submit" loading={busy}>
          {t("create")}
        </Button>
      </Flex>
    </Form>
  );
}
