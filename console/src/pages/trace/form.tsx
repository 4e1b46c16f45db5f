// SPDX-License-Identifier: Apache-2.0
import { SearchOutlined, SwapOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Form, Input, InputNumber, Select, Tooltip } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { useNarrow } from "../../theme/theme";
import { hasPorts } from "./ends";
import type { Fields } from "./question";

const PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "gre"];
const PORTS_MAX = 65535;

/** Nodes by name and address, for both ends. */
function useEnds() {
  const nodes = useCollection("/v1/nodes");
  return useMemo(
    () =>
      (nodes.data ?? []).map(({ name, interfaces }) => ({
        value: name,
        label: `${name} · ${interfaces.flatMap(({ addresses }) => addresses ?? []).join(", ")}`,
      })),
    [nodes.data],
  );
}

export function QuestionForm({ fields, onAsk }: { fields: Fields; onAsk: (fields: Fields) => void }) {
  const { t } = useTranslation("trace");
  const [form] = Form.useForm<Fields>();
  const narrow = useNarrow();
  const ends = useEnds();
  const protocol = Form.useWatch("protocol", form) ?? fields.protocol;
  const needed = [{ required: true, whitespace: true, message: t("needed") }];
  const protocols = PROTOCOLS.includes(fields.protocol) ? PROTOCOLS : [...PROTOCOLS, fields.protocol];

  const swap = () => {
    const { from, to } = form.getFieldsValue();
    form.setFieldsValue({ from: to, to: from });
  };

  return (
    <Form form={form} layout="vertical" initialValues={fields} onFinish={onAsk} requiredMark={false}>
      <div className={narrow ? "trace-form narrow" : "trace-form"}>
        <Form.Item name="from" label={t("from")} rules={needed}>
          <End options={ends} placeholder={t("from-example")} />
        </Form.Item>
        <Tooltip title={t("swap")}>
          <Button icon={<SwapOutlined />} aria-label={t("swap")} onClick={swap} className="trace-swap" />
        </Tooltip>
        <Form.Item name="to" label={t("to")} rules={needed}>
          <End options={ends} placeholder={t("to-example")} />
        </Form.Item>
        <Form.Item name="protocol" label={t("protocol")}>
          <Select options={protocols.map((value) => ({ value, label: value }))} />
        </Form.Item>
        <Form.Item
          name="port"
          label={t("port")}
          rules={[{ required: hasPorts(protocol), message: t("port-needed") }]}
        >
          <InputNumber min={1} max={PORTS_MAX} controls={false} disabled={!hasPorts(protocol)} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="iface" label={t("interface")} tooltip={t("interface-hint")}>
          <Input placeholder={t("optional")} maxLength={15} />
        </Form.Item>
        <Button type="primary" htmlType="submit" icon={<SearchOutlined />} className="trace-ask">
          {t("ask")}
        </Button>
      </div>
    </Form>
  );
}

function End(props: {
  options: { value: string; label: string }[];
  placeholder: string;
  /** By Form.Item. */
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
}) {
  return (
    <AutoComplete
      {...props}
      showSearch={{ filterOption: (input, option) => (option?.label ?? "").toLowerCase().includes(input.toLowerCase()) }}
      allowClear
    />
  );
}
