// SPDX-License-Identifier: Apache-2.0
import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { Button, Form, Input, Modal, Radio, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router-dom";
import { useReview } from "../../change/review";
import type { Group } from "../../model/group";
import { useMay } from "../../session/session";

type Fields = { name: string; description: string; midstream: "accept" | "drop" };

/** Edit and delete; a cluster's own group goes with its cluster alone. */
export function GroupActions({ group }: { group: Group }) {
  const { t } = useTranslation("security-group");
  const [editing, setEditing] = useState(false);
  const review = useReview();
  const navigate = useNavigate();
  const { head } = group;
  const managed = Boolean(head.managed_by);

  const remove = async () => {
    const made = await review({
      title: t("delete-title", { name: group.name }),
      destructive: t("delete"),
      request: { method: "delete", path: "/v1/security-groups/{ref}", params: { path: { ref: head.id } } },
      note: t("delete-note", { name: group.name, count: head.rule_count }),
    });
    if (made) navigate("/security-groups");
  };

  if (!useMay("operator")) return null;
  return (
    <>
      <Button icon={<EditOutlined />} onClick={() => setEditing(true)}>
        {t("edit")}
      </Button>
      <Tooltip title={managed ? t("delete-managed", { cluster: group.name }) : undefined}>
        <Button danger icon={<DeleteOutlined />} disabled={managed} onClick={() => void remove()}>
          {t("delete")}
        </Button>
      </Tooltip>
      {editing && <EditGroup group={group} onClose={() => setEditing(false)} />}
    </>
  );
}

function EditGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const { t } = useTranslation("security-group");
  const [form] = Form.useForm<Fields>();
  const review = useReview();
  const { id, name, description, midstream, managed_by } = group.head;
  const before: Fields = { name, description, midstream };

  const submit = async (fields: Fields) => {
    const change = (body: Partial<Fields>) => ({
      title: t("edit-title", { name: group.name }),
      request: {
        method: "patch" as const,
        path: "/v1/security-groups/{ref}" as const,
        params: { path: { ref: id } },
        body,
      },
    });
    // A cluster's group has the name that the cluster gave it.
    const kept = managed_by ? { description, midstream } : before;
    const next = managed_by ? { description: fields.description, midstream: fields.midstream } : fields;
    if (await review({ ...change(next), undo: () => change(kept) })) onClose();
  };

  return (
    <Modal
      open
      title={t("edit-title", { name: group.name })}
      okText={t("review")}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Fields> form={form} layout="vertical" initialValues={before} onFinish={(fields) => void submit(fields)}>
        {!managed_by && (
          <Form.Item name="name" label={t("name")} rules={[{ required: true, message: t("name-missing") }]}>
            <Input maxLength={128} />
          </Form.Item>
        )}
        <Form.Item name="description" label={t("description")}>
          <Input.TextArea maxLength={256} rows={3} />
        </Form.Item>
        <Form.Item name="midstream" label={t("midstream")} extra={t("midstream-hint")}>
          <Radio.Group
            options={(["accept", "drop"] as const).map((value) => ({ value, label: t(`midstreams.${value}`) }))}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
