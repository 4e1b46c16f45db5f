// SPDX-License-Identifier: Apache-2.0
import { Form, Input, Modal, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import { useCollection } from "../../api/collect";
import { EndPicker } from "./end-picker";
import { bodyOf, hasPorts, portsError, type Values } from "./values";

const PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "gre", "all"];
const REASON_MAX = 255;

export function CreatePromise({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("promises");
  return (
    <Modal
      open={open}
      onCancel={onClose}
      title={t("create-title")}
      okText={t("review")}
      cancelText={t("common:cancel")}
      okButtonProps={{ htmlType: "submit", form: "promise" }}
      destroyOnHidden
    >
      {open && <Fields onClose={onClose} />}
    </Modal>
  );
}

function Fields({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("promises");
  const [form] = Form.useForm<Values>();
  const review = useReview();
  const networks = useCollection("/v1/networks").data ?? [];
  const protocol = Form.useWatch("protocol", form) ?? "tcp";
  const network = Form.useWatch("network", form);
  const needed = [{ required: true, message: t("needed") }];

  const create = (values: Values) => {
    onClose();
    void review({
      title: t("create-title"),
      request: { method: "post", path: "/v1/promises", body: bodyOf(values) },
    });
  };

  return (
    <Form<Values>
      id="promise"
      form={form}
      layout="vertical"
      initialValues={{ policy: "accept", protocol: "tcp", network: networks.length === 1 ? networks[0]!.id : undefined }}
      onFinish={create}
    >
      <Form.Item name="policy" label={t("policy")}>
        <Radio.Group
          options={[
            { value: "accept", label: t("always") },
            { value: "deny", label: t("never") },
          ]}
        />
      </Form.Item>
      <Form.Item name="network" label={t("network")} rules={needed}>
        <Select
          showSearch={{ optionFilterProp: "label" }}
          options={networks.map(({ id, name }) => ({ value: id, label: name }))}
        />
      </Form.Item>
      <Form.Item label={t("traffic")} required style={{ marginBottom: 0 }}>
        <div style={{ display: "flex", gap: 8 }}>
          <Form.Item name="protocol" style={{ width: 120 }}>
            <Select aria-label={t("protocol")} options={PROTOCOLS.map((value) => ({ value, label: value }))} />
          </Form.Item>
          {hasPorts(protocol) && (
            <Form.Item
              name="ports"
              style={{ flex: 1 }}
              rules={[
                {
                  validator: (_, text?: string) => {
                    const error = portsError(text);
                    return error ? Promise.reject(new Error(t(error))) : Promise.resolve();
                  },
                },
              ]}
            >
              <Input aria-label={t("ports")} placeholder={t("ports-example")} />
            </Form.Item>
          )}
        </div>
      </Form.Item>
      <Form.Item name="from" label={t("from")} rules={needed}>
        <EndPicker network={network} />
      </Form.Item>
      <Form.Item name="to" label={t("to")} rules={needed}>
        <EndPicker network={network} />
      </Form.Item>
      <Form.Item name="reason" label={t("reason")}>
        <Input maxLength={REASON_MAX} placeholder={t("reason-example")} />
      </Form.Item>
    </Form>
  );
}
