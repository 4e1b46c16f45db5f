// SPDX-License-Identifier: Apache-2.0
// One end of a promise: a network by its CIDR, typed or everywhere, a security group, or a prefix list.
import { Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { useGroupName } from "../../components/group-link";

type Props = {
  network?: string;
  /** By Form.Item. */
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
};

const looksLikeCidr = (text: string) => /^[0-9a-f.:]+(\/\d{1,3})?$/i.test(text) && /[.:]/.test(text);

export function EndPicker({ network, ...props }: Props) {
  const { t } = useTranslation("promises");
  const groups = useCollection("/v1/security-groups").data ?? [];
  const lists = useCollection("/v1/prefix-lists").data ?? [];
  const groupName = useGroupName();
  const [typed, setTyped] = useState("");
  const cidrs = ["0.0.0.0/0", "::/0", ...(looksLikeCidr(typed) ? [typed] : [])];
  const chosen = props.value?.startsWith("cidr ") ? props.value.slice("cidr ".length) : "";
  const all = [...new Set([...cidrs, ...(chosen ? [chosen] : [])])];

  return (
    <Select
      {...props}
      showSearch={{ optionFilterProp: "label", onSearch: setTyped }}
      placeholder={t("end-example")}
      options={[
        {
          label: t("addresses"),
          options: all.map((cidr) => ({
            value: `cidr ${cidr}`,
            label: cidr === "0.0.0.0/0" || cidr === "::/0" ? `${cidr} · ${t("everywhere")}` : cidr,
          })),
        },
        {
          label: t("groups"),
          options: groups
            .filter((group) => !network || group.network === network)
            .map(({ id, name }) => ({ value: `group ${id}`, label: groupName(id, name) })),
        },
        { label: t("prefix-lists"), options: lists.map(({ id, name }) => ({ value: `prefix_list ${id}`, label: name })) },
      ].filter(({ options }) => options.length > 0)}
    />
  );
}
