// SPDX-License-Identifier: Apache-2.0
import { Button, Drawer, Flex, Form, Input, InputNumber, Radio } from "antd";
import { useTranslation } from "react-i18next";
import { useReview } from "../../change/review";
import type { Group } from "../../model/group";
import { hasPorts, type NameOf, type Rule, ruleText } from "../../model/rule-text";
import { useNarrow } from "../../theme/theme";
import { type Fields, fieldsOf, newFields, RULES_MAX, rulesOf } from "./fields";
import { ObjectFields } from "./object-fields";
import { Outcome } from "./outcome";
import { addReview, editReview } from "./requests";
import { FiveTupleFields, ServiceFields } from "./service-fields";
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
        <ServiceFields single={isEdit} protocol={protocol} ports={values?.ports ?? initial.ports} ported={ported} />
        <ObjectFields group={group} tab={tab} protocol={protocol} single={isEdit} values={values ?? initial} />
        <Form.Item name="priority" label={t("column.priority")} extra={t("form.priority-hint")}>
          <InputNumber min={1} max={100} precision={0} />
        </Form.Item>
        <Form.Item name="description" label={t("column.description")}>
          <Input maxLength={256} />
        </Form.Item>
        <FiveTupleFields tab={tab} ported={ported} open={Boolean(initial.localCidr || initial.sourcePorts)} />
        <Form.Item
          style={{ marginTop: 16 }}
          name="count"
          rules={[
            {
              validator: async () => {
                if (rules.length > RULES_MAX)
                  throw new Error(t("form.too-many", { count: rules.length, max: RULES_MAX }));
              },
            },
          ]}
        >
          <Outcome texts={rules.map((rule) => ruleText(rule, nameOf))} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}
