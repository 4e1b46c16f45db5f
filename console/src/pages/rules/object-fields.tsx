// SPDX-License-Identifier: Apache-2.0
import { Checkbox, Form, Radio, Select } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { looksLikeCidr } from "../../model/cidr";
import type { Group } from "../../model/group";
import { useGroups } from "../../model/names";
import { useNarrow } from "../../theme/theme";
import { ANY, familiesFor, type Fields, type ObjectChoice } from "./fields";
import type { Tab } from "./tabs";

const CHOICES: ObjectChoice[] = ["any", "cidr", "group", "prefix_list"];

/** Whom the rule is about: anybody, addresses, groups or prefix lists. */
export function ObjectFields(props: { group: Group; tab: Tab; protocol: string; single: boolean; values: Fields }) {
  const { t } = useTranslation("rules");
  const { group, tab, protocol, single, values } = props;
  const narrow = useNarrow();
  const groups = useGroupOptions(group);
  const lists = useListOptions(protocol);
  const noGroups = group.head.kind === "enterprise" || tab.nic === "internet";
  const oneAtMost = single ? { maxCount: 1 } : {};
  const required = { required: true, message: t("form.object-missing") };
  const families = familiesFor(protocol, ANY);

  return (
    <>
      <Form.Item
        name="object"
        label={t(tab.direction === "ingress" ? "form.object-from" : "form.object-to")}
        extra={
          noGroups ? t(tab.nic === "internet" ? "form.no-groups-internet" : "form.no-groups-enterprise") : undefined
        }
      >
        <Radio.Group
          optionType={narrow ? "default" : "button"}
          options={CHOICES.map((value) => ({
            value,
            label: t(`form.choice.${value}`),
            disabled: value === "group" && noGroups,
          }))}
        />
      </Form.Item>
      {values.object === "any" && families.length > 1 && (
        <Form.Item
          name="families"
          label={t("form.families")}
          rules={[
            {
              validator: async (_, chosen: string[] = []) => {
                if (chosen.length === 0) throw new Error(t("form.object-missing"));
              },
            },
          ]}
        >
          {single ? (
            <Radio.Group
              options={ANY.map((value, index) => ({ value: [value], label: t(`form.family.${index ? 6 : 4}`) }))}
            />
          ) : (
            <Checkbox.Group
              options={ANY.map((value, index) => ({ value, label: t(`form.family.${index ? 6 : 4}`) }))}
            />
          )}
        </Form.Item>
      )}
      {values.object === "cidr" && (
        <Form.Item
          name="cidrs"
          label={t("form.cidrs")}
          extra={t("form.cidrs-hint")}
          rules={[
            required,
            {
              validator: async (_, cidrs: string[] = []) => {
                const bad = cidrs.find((text) => !looksLikeCidr(text));
                if (bad) throw new Error(t("form.cidr-bad", { text: bad }));
              },
            },
          ]}
        >
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[",", " ", ";", "，"]} {...oneAtMost} />
        </Form.Item>
      )}
      {values.object === "group" && (
        <Form.Item name="groups" label={t("form.groups")} rules={[required]} extra={t("form.groups-hint")}>
          <Select
            mode="multiple"
            optionFilterProp="label"
            options={groups}
            notFoundContent={t("form.no-groups")}
            {...oneAtMost}
          />
        </Form.Item>
      )}
      {values.object === "prefix_list" && (
        <Form.Item name="prefixLists" label={t("form.prefix-lists")} rules={[required]}>
          <Select
            mode="multiple"
            optionFilterProp="label"
            options={lists}
            notFoundContent={t("form.no-lists")}
            {...oneAtMost}
          />
        </Form.Item>
      )}
    </>
  );
}

/** Groups that a rule of this one may name: basic ones of its network, but never itself. */
function useGroupOptions({ head }: Group) {
  const { groups, nameOf } = useGroups();
  return useMemo(
    () =>
      (groups.data ?? [])
        .filter(({ id, network, kind }) => id !== head.id && network === head.network && kind === "basic")
        .map((each) => ({ value: each.id, label: nameOf(each) }))
        .sort((a, b) => a.label.localeCompare(b.label)),
    [groups.data, nameOf, head],
  );
}

function useListOptions(protocol: string) {
  const { data } = useCollection("/v1/prefix-lists");
  return useMemo(
    () =>
      (data ?? [])
        .filter(({ family }) => (protocol === "icmp" ? family === 4 : protocol === "icmpv6" ? family === 6 : true))
        .map(({ id, name, family }) => ({ value: id, label: `${name} (IPv${family})` })),
    [data, protocol],
  );
}
