// SPDX-License-Identifier: Apache-2.0
import { Button, Empty, Flex, Select, Switch, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router-dom";
import { type AddressChanges, useAddressChange } from "../../components/address";
import { useCheckTitle } from "../../components/check-text";
import { SeverityTag } from "../../components/marks";
import { FindingList } from "./finding-list";
import { type Audit, choices, counts, type Filter, type Finding, filterOf, severities, shown } from "./findings";
import { SuppressForm } from "./suppress-form";

type Set = (changes: AddressChanges) => void;

/** The filter, and how the address changes. */
function useFilter(): { filter: Filter; set: Set; clear: () => void } {
  const [params, setParams] = useSearchParams();
  const change = useAddressChange();
  return { filter: filterOf(params), set: (changes) => change(changes, true), clear: () => setParams({}, { replace: true }) };
}

export function Findings({ audit }: { audit: Audit }) {
  const { t } = useTranslation("audit");
  const { filter, set, clear } = useFilter();
  const [suppressing, setSuppressing] = useState<Finding | null>(null);
  const items = shown(audit.findings, filter);
  const isFiltered = filter.severities.length > 0 || filter.subject !== undefined || filter.check !== undefined;
  const nothing = isFiltered ? "nothing-here" : audit.subjects === 0 ? "no-subjects" : "nothing";

  return (
    <Flex vertical gap="middle">
      <Severities audit={audit} filter={filter} onChange={(severity) => set({ severity })} />
      <Filters audit={audit} filter={filter} set={set} />
      {items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(nothing)}>
          {isFiltered && <Button onClick={clear}>{t("show-all")}</Button>}
        </Empty>
      ) : (
        <FindingList items={items} onSuppress={setSuppressing} />
      )}
      <SuppressForm finding={suppressing} onClose={() => setSuppressing(null)} />
    </Flex>
  );
}

/** How many of each severity; each is a switch of the filter. */
function Severities(props: { audit: Audit; filter: Filter; onChange: (severities: string[]) => void }) {
  const { audit, filter, onChange } = props;
  const { t } = useTranslation("audit");
  const numbers = counts(audit.findings, filter);
  const chosen = filter.severities;

  return (
    <Flex gap={8} wrap role="group" aria-label={t("severity")}>
      {severities.map((severity) => {
        const on = chosen.includes(severity);
        return (
          <button
            key={severity}
            type="button"
            className="audit-severity"
            aria-pressed={on}
            onClick={() => onChange(on ? chosen.filter((one) => one !== severity) : [...chosen, severity])}
          >
            <SeverityTag severity={severity} count={numbers[severity]} />
          </button>
        );
      })}
    </Flex>
  );
}

function Filters({ audit, filter, set }: { audit: Audit; filter: Filter; set: Set }) {
  const { t } = useTranslation("audit");
  const titleOf = useCheckTitle();
  const { subjects, checks } = choices(audit.findings);
  const subject = subjects.find(({ id, name }) => id === filter.subject || name === filter.subject);

  return (
    <Flex gap="small" wrap align="center">
      <Select
        allowClear
        showSearch
        aria-label={t("where")}
        placeholder={t("everywhere")}
        value={subject?.name ?? filter.subject}
        onChange={(cluster?: string) => set({ cluster })}
        options={subjects.map(({ name }) => ({ value: name, label: name }))}
        style={{ minWidth: 200 }}
      />
      <Select
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        aria-label={t("check")}
        placeholder={t("all-checks")}
        value={filter.check}
        onChange={(check?: string) => set({ check })}
        options={checks.map((check) => ({ value: check, label: titleOf(check) }))}
        popupMatchSelectWidth={false}
        style={{ minWidth: 200, maxWidth: "100%" }}
      />
      {audit.suppressed > 0 && (
        <label className="audit-switch">
          <Switch
            size="small"
            checked={filter.accepted}
            onChange={(accepted) => set({ accepted: accepted ? "1" : undefined })}
          />
          {t("accepted-too", { count: audit.suppressed })}
        </label>
      )}
      <Typography.Text type="secondary">{t("judged", { count: audit.subjects })}</Typography.Text>
    </Flex>
  );
}
