// SPDX-License-Identifier: Apache-2.0
// Fields of the form: what traffic a rule is about, and the rest of the five-tuple.
import { Collapse, Flex, Form, Input, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";
import { looksLikeCidr } from "../../model/cidr";
import { parsePorts, protocolText } from "../../model/rule-text";
import { type Fields, PROTOCOLS } from "./fields";
import { presetOf, presets } from "./presets";
import type { Tab } from "./tabs";

const SEPARATORS = [",", " ", ";", "，"];

/** Protocol and ports, or a common service that fills them in. 'single': one range only. */
export function ServiceFields(props: { single: boolean; protocol: string; ports: string[]; ported: boolean }) {
  const { t } = useTranslation("rules");
  const { single, protocol, ports, ported } = props;
  const form = Form.useFormInstance<Fields>();
  const choosePreset = (key: string) => {
    const preset = presets.find((each) => each.key === key);
    if (preset) form.setFieldsValue({ protocol: preset.protocol, ports: preset.ports });
  };
  const checkPorts = async (_: unknown, given: string[] = []) => {
    const bad = given.find((text) => !parsePorts(text));
    if (bad) throw new Error(t("form.ports-bad", { text: bad }));
    if (single && given.length > 1) throw new Error(t("form.ports-one"));
  };

  return (
    <>
      {!single && (
        <Form.Item label={t("form.preset")} htmlFor="preset">
          <Select
            id="preset"
            showSearch
            allowClear
            placeholder={t("form.preset-hint")}
            value={presetOf(protocol, ports)}
            onChange={choosePreset}
            options={presets.map((each) => ({
              value: each.key,
              label: `${each.key} · ${each.protocol} ${each.ports.join(", ")}`,
            }))}
          />
        </Form.Item>
      )}
      <Flex gap="middle" wrap>
        <Form.Item name="protocol" label={t("column.protocol")} style={{ flex: "1 1 160px" }}>
          <Select
            options={[
              ...PROTOCOLS.map((value) => ({ value, label: protocolText(value, t("all-protocols")) })),
              { value: "number", label: t("form.number") },
            ]}
          />
        </Form.Item>
        {protocol === "number" && (
          <Form.Item
            name="number"
            label={t("form.number")}
            rules={[{ required: true, message: t("form.number-missing") }]}
          >
            <InputNumber min={0} max={255} precision={0} />
          </Form.Item>
        )}
        {ported && (
          <Form.Item
            name="ports"
            label={t("column.ports")}
            extra={t(single ? "form.ports-one" : "form.ports-hint")}
            style={{ flex: "2 1 220px" }}
            rules={[{ validator: checkPorts }]}
          >
            <Select
              mode="tags"
              open={false}
              suffixIcon={null}
              tokenSeparators={SEPARATORS}
              placeholder={t("all-ports")}
            />
          </Form.Item>
        )}
      </Flex>
    </>
  );
}

/** What few rules need: the local address and the source ports. */
export function FiveTupleFields({ tab, ported, open }: { tab: Tab; ported: boolean; open: boolean }) {
  const { t } = useTranslation("rules");
  const checkCidr = async (_: unknown, text?: string) => {
    if (text?.trim() && !looksLikeCidr(text)) throw new Error(t("form.cidr-bad", { text }));
  };
  const checkPorts = async (_: unknown, text?: string) => {
    if (text && !parsePorts(text)) throw new Error(t("form.ports-bad", { text }));
  };
  const fields = (
    <>
      <Form.Item
        name="localCidr"
        label={t(tab.direction === "ingress" ? "form.local-to" : "form.local-from")}
        rules={[{ validator: checkCidr }]}
      >
        <Input allowClear placeholder="10.0.1.0/24" className="mono" />
      </Form.Item>
      {ported && (
        <Form.Item name="sourcePorts" label={t("form.source-ports")} rules={[{ validator: checkPorts }]}>
          <Input allowClear placeholder="1024-65535" className="mono" />
        </Form.Item>
      )}
    </>
  );
  return (
    <Collapse
      size="small"
      defaultActiveKey={open ? ["five"] : []}
      items={[{ key: "five", label: t("form.five-tuple"), forceRender: true, children: fields }]}
    />
  );
}
