// SPDX-License-Identifier: Apache-2.0
import { Form, Input, Modal, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { useReview } from "../../change/review";
import { groupLink } from "../../components/links";

type Fields = Schemas["SecurityGroupCreate"];

/** A free-standing group; those of clusters come with their clusters. */
export function CreateGroup(props: { open: boolean; networks: Schemas["Network"][]; onClose: () => void }) {
  const { t } = useTranslation("security-groups");
  const [form] = Form.useForm<Fields>();
  const kind = Form.useWatch("kind", form);
  const network = Form.useWatch("network", form);
  const review = useReview();
  const navigate = useNavigate();
  const isClassic = props.networks.find(({ id }) => id === network)?.kind === "classic";

  // Among several nobody knows which one is meant.
  const only = props.networks.length === 1 ? props.networks[0] : undefined;

  const submit = async (fields: Fields) => {
    const body = fields.kind === "enterprise" ? { ...fields, inner_access: "drop" as const } : fields;
    const made = await review({
      title: t("create-title", { name: fields.name }),
      request: { method: "post", path: "/v1/security-groups", body },
    });
    if (!made) return;
    props.onClose();
    const id = (made.items[0] as { id?: string } | undefined)?.id;
    if (id) navigate(groupLink(id));
  };

  return (
    <Modal
      open={props.open}
      title={t("create")}
      okText={t("create-ok")}
      onOk={form.submit}
      onCancel={props.onClose}
      destroyOnHidden
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        preserve={false}
        onFinish={(fields) => void submit(fields)}
        initialValues={{ kind: "basic", inner_access: "accept", network: only?.id, description: "" }}
      >
        <Form.Item name="name" label={t("name")} rules={[{ required: true, message: t("name-missing") }]}>
          <Input autoFocus maxLength={128} />
        </Form.Item>
        <Form.Item name="network" label={t("network")} rules={[{ required: true, message: t("network-missing") }]}>
          <Select options={props.networks.map(({ id, name }) => ({ value: id, label: name }))} />
        </Form.Item>
        <Form.Item name="kind" label={t("kind")} extra={kind ? t(`kind-meaning.${kind}`) : undefined}>
          <Radio.Group
            options={(["basic", "enterprise"] as const).map((value) => ({
              value,
              label: t(`kinds.${value}`),
              disabled: value === "enterprise" && isClassic,
            }))}
          />
        </Form.Item>
        {kind !== "enterprise" && (
          <Form.Item name="inner_access" label={t("inner-access")} extra={t("inner-hint")}>
            <Radio.Group
              options={(["accept", "drop"] as const).map((value) => ({ value, label: t(`inner.${value}`) }))}
            />
          </Form.Item>
        )}
        <Form.Item name="description" label={t("description")}>
          <Input maxLength={256} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
