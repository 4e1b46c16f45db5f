// SPDX-License-Identifier: Apache-2.0
import { Button, Collapse, Drawer, Flex, Form, Input, InputNumber, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import { looksLikeCidr } from "../../model/cidr";
import type { Group } from "../../model/group";
import { hasPorts, type NameOf, parsePorts, type Rule, ruleText } from "../../model/rule-text";
import { useNarrow } from "../../theme/theme";
import { type Fields, fieldsOf, newFields, PROTOCOLS, RULES_MAX, rulesOf } from "./fields";
import { ObjectFields } from "./object-fields";
import { presetOf, presets } from "./presets";
import { addReview, editReview } from "./requests";
import type { Tab } from "./tabs";

/** What the form is open for; 'rule' is what it begins with. */
export type FormPurpose = { kind: "add" } | { kind: "clone"; rule: Rule } | { kind: "edit"; rule: Rule };

/** Adds, clones or edits rules. Every port with every object is a rule of its own. */
export function RuleForm(props: {
  group: Group;
  tab: Tab;
  present: readonly Rule[];
  nameOf: NameOf;
  purpose: FormPurpose;
  onClose: () => void;
}) {
  const { t } = useTranslation("rules");
  const { group, tab, purpose, nameOf } = props;
  const [form] = Form.useForm<Fields>();
  const values = Form.useWatch([], { form, preserve: true }) as Fields | undefined;
  const review = useReview();
  const narrow = useNarrow();
  const hasIpv6 = group.network?.cidrs.some((cidr) => cidr.includes(":")) ?? false;
  const initial = purpose.kind === "add" ? newFields(hasIpv6) : fieldsOf(purpose.rule, hasIpv6);
  const isEdit = purpose.kind === "edit";
  const protocol = values?.protocol ?? initial.protocol;
  const number = values?.number;
  const ported = hasPorts(protocol === "number" ? String(number ?? "") : protocol);
  const rules = values ? rulesOf({ ...initial, ...values }, tab) : [];

  const submit = async (given: Fields) => {
    const made = rulesOf({ ...initial, ...given }, tab);
    const done = await review(
      isEdit ? editReview(t, group, purpose.rule, made[0]!) : addReview(t, group, made, props.present),
    );
    if (done) props.onClose();
  };

  const choosePreset = (key: string) => {
    const preset = presets.find((each) => each.key === key);
    if (preset) form.setFieldsValue({ protocol: preset.protocol, ports: preset.ports });
  };

  return (
    <Drawer
      open
      onClose={props.onClose}
      title={t(`form.${purpose.kind}`, { table: t(`tab.${tab.key}`) })}
      size={narrow ? "100%" : 560}
      mask={{ closable: false }}
      footer={
        <Flex gap="small" justify="end">
          <Button onClick={props.onClose}>{t("cancel")}</Button>
          <Button type="primary" onClick={form.submit}>
            {t("review")}
          </Button>
        </Flex>
      }
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={initial}
        onFinish={(given) => void submit(given)}
        scrollToFirstError
      >
        <Form.Item name="policy" label={t("column.policy")}>
          <Radio.Group
            optionType="button"
            options={(["accept", "drop"] as const).map((value) => ({ value, label: t(`policy.${value}`) }))}
          />
        </Form.Item>
        {!isEdit && (
          <Form.Item label={t("form.preset")} htmlFor="preset">
            <Select
              id="preset"
              showSearch
              allowClear
              placeholder={t("form.preset-hint")}
              value={values ? presetOf(protocol, values.ports ?? []) : undefined}
              onChange={choosePreset}
              options={presets.map(({ key, protocol: of, ports }) => ({ value: key, label: `${key} · ${of} ${ports.join(", ")}` }))}
            />
          </Form.Item>
        )}
        <Flex gap="middle" wrap>
          <Form.Item name="protocol" label={t("column.protocol")} style={{ flex: "1 1 160px" }}>
            <Select
              options={[
                ...PROTOCOLS.map((value) => ({ value, label: value === "all" ? t("all-protocols") : value.toUpperCase().replace("V6", "v6") })),
                { value: "number", label: t("form.number") },
              ]}
            />
          </Form.Item>
          {protocol === "number" && (
            <Form.Item name="number" label={t("form.number")} rules={[{ required: true, message: t("form.number-missing") }]}>
              <InputNumber min={0} max={255} precision={0} />
            </Form.Item>
          )}
          {ported && (
            <Form.Item
              name="ports"
              label={t("column.ports")}
              extra={t(isEdit ? "form.ports-one" : "form.ports-hint")}
              style={{ flex: "2 1 220px" }}
              rules={[
                {
                  validator: async (_, ports: string[] = []) => {
                    const bad = ports.find((text) => !parsePorts(text));
                    if (bad) throw new Error(t("form.ports-bad", { text: bad }));
                    if (isEdit && ports.length > 1) throw new Error(t("form.ports-one"));
                  },
                },
              ]}
            >
              <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[",", " ", ";", "，"]} placeholder={t("all-ports")} />
            </Form.Item>
          )}
        </Flex>
        <ObjectFields group={group} tab={tab} protocol={protocol} single={isEdit} values={values ?? initial} />
        <Form.Item name="priority" label={t("column.priority")} extra={t("form.priority-hint")}>
          <InputNumber min={1} max={100} precision={0} />
        </Form.Item>
        <Form.Item name="description" label={t("column.description")}>
          <Input maxLength={256} />
        </Form.Item>
        <Collapse
          size="small"
          defaultActiveKey={initial.localCidr || initial.sourcePorts ? ["five"] : []}
          items={[
            {
              key: "five",
              label: t("form.five-tuple"),
              forceRender: true,
              children: (
                <>
                  <Form.Item
                    name="localCidr"
                    label={t(tab.direction === "ingress" ? "form.local-to" : "form.local-from")}
                    rules={[{ validator: async (_, text?: string) => {
                      if (text?.trim() && !looksLikeCidr(text)) throw new Error(t("form.cidr-bad", { text }));
                    } }]}
                  >
                    <Input allowClear placeholder="10.0.1.0/24" className="mono" />
                  </Form.Item>
                  {ported && (
                    <Form.Item
                      name="sourcePorts"
                      label={t("form.source-ports")}
                      rules={[{ validator: async (_, text?: string) => {
                        if (text && !parsePorts(text)) throw new Error(t("form.ports-bad", { text }));
                      } }]}
                    >
                      <Input allowClear placeholder="1024-65535" className="mono" />
                    </Form.Item>
                  )}
                </>
              ),
            },
          ]}
        />
        <Form.Item
          style={{ marginTop: 16 }}
          name="count"
          rules={[{ validator: async () => {
            if (rules.length > RULES_MAX) throw new Error(t("form.too-many", { count: rules.length, max: RULES_MAX }));
          } }]}
        >
          <Outcome texts={rules.map((rule) => ruleText(rule, nameOf))} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}

const SHOWN = 5;

/** The rules that the form makes, in words. */
function Outcome({ texts }: { texts: string[] }) {
  const { t } = useTranslation("rules");
  if (texts.length === 0) return null;
  return (
    <section aria-label={t("form.outcome")}>
      <strong>{t("form.outcome")}</strong>
      <ul className="mono outcome">
        {texts.slice(0, SHOWN).map((text) => (
          <li key={text}>{text}</li>
        ))}
        {texts.length > SHOWN && <li>{t("form.more", { count: texts.length - SHOWN })}</li>}
      </ul>
    </section>
  );
}
