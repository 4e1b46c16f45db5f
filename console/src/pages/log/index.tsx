// SPDX-License-Identifier: Apache-2.0
// Who changed what, when and from where.
import { Button, Card, Empty, Flex, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Page } from "../../components/page";
import { ProblemAlert } from "../../components/problem";
import { Waiting } from "../../components/waiting";
import { Entry } from "./entry";
import { type LogFilters, names, useLog, useLogFilters } from "./use-log";

export default function Log() {
  const { t } = useTranslation("log");
  const [filters, set] = useLogFilters();
  return (
    <Page title={t("title")} help="log">
      <Filters filters={filters} onChange={set} />
      <Records filters={filters} onPick={set} />
    </Page>
  );
}

type Props = { filters: LogFilters; onChange: (filters: LogFilters) => void };

function Filters({ filters, onChange }: Props) {
  const { t } = useTranslation("log");
  return (
    <Flex gap="small" wrap role="search" aria-label={t("filter")}>
      {names.map((name) => (
        <Input
          key={`${name} ${filters[name]}`}
          aria-label={t(`filter-${name}`)}
          placeholder={t(`filter-${name}`)}
          style={{ width: name === "object" ? 270 : 190 }}
          allowClear
          defaultValue={filters[name]}
          onChange={({ target }) => target.value === "" && filters[name] && onChange({ [name]: undefined })}
          onPressEnter={({ currentTarget }) => onChange({ [name]: currentTarget.value.trim() })}
          onBlur={({ target }) => target.value.trim() !== (filters[name] ?? "") && onChange({ [name]: target.value.trim() })}
        />
      ))}
      {Object.keys(filters).length > 0 && (
        <Button type="link" onClick={() => onChange({ who: undefined, object: undefined, action: undefined })}>
          {t("clear")}
        </Button>
      )}
    </Flex>
  );
}

function Records({ filters, onPick }: { filters: LogFilters; onPick: (filters: LogFilters) => void }) {
  const { t } = useTranslation("log");
  const log = useLog(filters);
  if (log.isPending) return <Waiting />;
  if (!log.data) return <ProblemAlert error={log.error} onRetry={() => void log.refetch()} />;

  const records = log.data.pages.flatMap(({ items }) => items);
  return (
    <Flex vertical gap="small">
      {log.error && <ProblemAlert error={log.error} onRetry={() => void log.refetch()} />}
      {records.length > 0 ? (
        <Card size="small" styles={{ body: { padding: 0 } }}>
          {records.map((record) => (
            <Entry key={record.sequence} record={record} onPick={onPick} />
          ))}
        </Card>
      ) : (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(log.hasNextPage ? "none-yet" : "none")} />
      )}
      {log.hasNextPage && (
        <Button onClick={() => void log.fetchNextPage()} loading={log.isFetchingNextPage}>
          {t("older")}
        </Button>
      )}
    </Flex>
  );
}
