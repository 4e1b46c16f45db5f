// SPDX-License-Identifier: Apache-2.0
import { Checkbox, Flex, Select } from "antd";
import { useTranslation } from "react-i18next";
import { SearchBox } from "../../components/search";
import { type Filter, formatSort, SORTS, type Sort } from "./select";

/** What narrows the list; without a table's headings also its order. */
export function Toolbar(props: {
  filter: Filter;
  sort: Sort;
  shown: number;
  total: number;
  withOrder: boolean;
  onSet: (name: string, value: string | undefined) => void;
}) {
  const { t } = useTranslation("rules");
  const { filter, onSet } = props;
  return (
    <Flex gap="small" wrap align="center">
      <SearchBox label={t("search")} />
      <Select
        allowClear
        aria-label={t("column.policy")}
        placeholder={t("column.policy")}
        value={filter.policy}
        onChange={(value?: string) => onSet("policy", value)}
        options={["accept", "drop"].map((value) => ({ value, label: t(`policy.${value}`) }))}
        style={{ width: 120 }}
      />
      <Select
        allowClear
        aria-label={t("column.type")}
        placeholder={t("column.type")}
        value={filter.object}
        onChange={(value?: string) => onSet("object", value)}
        options={["cidr", "group", "prefix_list"].map((value) => ({ value, label: t(`type.${value}`) }))}
        style={{ width: 170 }}
      />
      <Checkbox
        checked={filter.withFindings}
        onChange={({ target }) => onSet("findings", target.checked ? "1" : undefined)}
      >
        {t("with-findings")}
      </Checkbox>
      {props.withOrder && (
        <Select
          aria-label={t("order")}
          value={formatSort(props.sort)}
          onChange={(value: string) => onSet("sort", value)}
          options={SORTS.flatMap((field) => [
            { value: field as string, label: t("order-up", { field: t(`column.${field}`) }) },
            { value: `-${field}`, label: t("order-down", { field: t(`column.${field}`) }) },
          ])}
          style={{ minWidth: 180 }}
        />
      )}
      <span role="status" style={{ color: "var(--ant-color-text-description)" }}>
        {props.shown === props.total
          ? t("count", { count: props.total })
          : t("count-shown", { shown: props.shown, count: props.total })}
      </span>
    </Flex>
  );
}
