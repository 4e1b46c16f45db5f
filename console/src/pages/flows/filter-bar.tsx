// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Input, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";
import { useCollection } from "../../api/collect";
import { directions, type Filters, periods, verdicts } from "./filters";

type Props = { filters: Filters; onChange: (patch: Partial<Filters>) => void };

export function FilterBar({ filters, onChange }: Props) {
  const { t } = useTranslation("flows");
  const clusters = useCollection("/v1/clusters");
  const nodes = useCollection("/v1/nodes");
  const ofCluster = nodes.data?.filter(
    ({ cluster, agent }) => agent === "managed" && (!filters.cluster || cluster === filters.cluster),
  );
  const { tab, cluster, node, verdict, direction, protocol, port } = filters;
  const isFiltered = [cluster, node, verdict, direction, protocol, port].some((value) => value !== undefined);

  return (
    <Flex gap="small" wrap role="search" aria-label={t("filter.title")}>
      <Select
        aria-label={t("filter.cluster")}
        placeholder={t("filter.cluster")}
        style={{ width: 150 }}
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        value={cluster}
        options={clusters.data?.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(value?: string) => onChange({ cluster: value, node: undefined })}
      />
      <Select
        aria-label={t("filter.node")}
        placeholder={t("filter.node")}
        style={{ width: 150 }}
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        value={node}
        options={ofCluster?.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(value?: string) => onChange({ node: value })}
      />
      <Select
        aria-label={t("verdict")}
        placeholder={t("filter.verdict")}
        style={{ width: 150 }}
        allowClear
        value={verdict}
        options={verdicts.map((value) => ({ value, label: t(`common:verdict.${value}`) }))}
        onChange={(value) => onChange({ verdict: value })}
      />
      {tab !== "live" && <ServiceFilters filters={filters} onChange={onChange} />}
      {isFiltered && (
        <Button
          type="link"
          onClick={() =>
            onChange({
              cluster: undefined,
              node: undefined,
              verdict: undefined,
              direction: undefined,
              protocol: undefined,
              port: undefined,
            })
          }
        >
          {t("filter.clear")}
        </Button>
      )}
    </Flex>
  );
}

/** What only the history knows. */
function ServiceFilters({ filters, onChange }: Props) {
  const { t } = useTranslation("flows");
  return (
    <>
      <Select
        aria-label={t("direction.title")}
        placeholder={t("direction.title")}
        style={{ width: 110 }}
        allowClear
        value={filters.direction}
        options={directions.map((value) => ({ value, label: t(`direction.${value}`) }))}
        onChange={(value) => onChange({ direction: value })}
      />
      <Input
        key={`protocol ${filters.protocol}`}
        aria-label={t("filter.protocol")}
        placeholder={t("filter.protocol")}
        style={{ width: 100 }}
        allowClear
        defaultValue={filters.protocol}
        onChange={({ target }) => target.value === "" && onChange({ protocol: undefined })}
        onPressEnter={({ currentTarget }) => onChange({ protocol: currentTarget.value.trim() || undefined })}
        onBlur={({ target }) => onChange({ protocol: target.value.trim() || undefined })}
      />
      <InputNumber
        key={`port ${filters.port}`}
        aria-label={t("filter.port")}
        placeholder={t("filter.port")}
        style={{ width: 80 }}
        min={0}
        max={65535}
        precision={0}
        controls={false}
        defaultValue={filters.port}
        onPressEnter={({ currentTarget }) => onChange({ port: portOf(currentTarget.value) })}
        onBlur={({ target }) => onChange({ port: portOf(target.value) })}
      />
      <Select
        aria-label={t("filter.period")}
        style={{ width: 150 }}
        value={filters.period}
        options={periods.map((value) => ({ value, label: t(`period.${value}`) }))}
        onChange={(value) => onChange({ period: value })}
      />
    </>
  );
}

const portOf = (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined);
