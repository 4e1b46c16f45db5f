// SPDX-License-Identifier: Apache-2.0
import { Form, Input, Modal, Radio } from "antd";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { type Review, useReview } from "../../change/review";
import { badCidr, splitCidrs } from "./cidrs";
import { editedOf } from "./said";

type Fields = { name: string; family: 4 | 6; cidrs: string };

/** Makes a list, or changes its name and prefixes; the family of a list that rules name cannot change. */
export function PrefixListForm({ list, onClose }: { list?: Schemas["PrefixList"]; onClose: () => void }) {
  const { t } = useTranslation("prefix-lists");
  const [form] = Form.useForm<Fields>();
  const family = Form.useWatch("family", form) ?? list?.family ?? 4;
  const review = useReview();
  const initial: Fields = { name: list?.name ?? "", family: list?.family ?? 4, cidrs: list?.cidrs.join("\n") ?? "" };

  const reviewOf = (fields: Fields): Review => {
    const body = { name: fields.name.trim(), cidrs: splitCidrs(fields.cidrs) };
    if (!list)
      return {
        title: t("create-title", { name: body.name }),
        request: { method: "post", path: "/v1/prefix-lists", body: { ...body, family: fields.family } },
      };
    const patch = (given: Schemas["PrefixListPatch"]): Review => ({
      title: t("edit-title", { name: list.name }),
      request: { method: "patch", path: "/v1/prefix-lists/{ref}", params: { path: { ref: list.id } }, body: given },
    });
    return { ...patch(body), undo: () => patch(editedOf(list)) };
  };

  return (
    <Modal
      open
      title={list ? t("edit-title", { name: list.name }) : t("create")}
      okText={t("review")}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={initial}
        onFinish={async (fields) => {
          if (await review(reviewOf(fields))) onClose();
        }}
      >
        <Form.Item
          name="name"
          label={t("name")}
          rules={[{ required: true, whitespace: true, message: t("name-missing") }]}
        >
          <Input autoFocus maxLength={128} />
        </Form.Item>
        {!list && (
          <Form.Item name="family" label={t("family")}>
            <Radio.Group options={[4, 6].map((value) => ({ value, label: `IPv${value}` }))} />
          </Form.Item>
        )}
        <Form.Item
          name="cidrs"
          label={t("cidrs")}
          extra={t("cidrs-hint")}
          rules={[
            {
              validator: async (_, text: string) => {
                const bad = badCidr(splitCidrs(text), family);
                if (bad) throw new Error(t("cidr-bad", { text: bad, family }));
              },
            },
          ]}
        >
          <Input.TextArea className="mono" rows={8} spellCheck={false} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
