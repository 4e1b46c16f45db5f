// SPDX-License-Identifier: Apache-2.0
// One record: who did what, to which objects, over which guards; on a closer look each object before and after.
import { ApiOutlined, KeyOutlined, LaptopOutlined, RobotOutlined, SafetyOutlined, WarningFilled } from "@ant-design/icons";
import { Button, Flex, Tag, Tooltip, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import { Time } from "../../components/time";
import { ChangeDiff } from "./diff";
import { objectLink } from "./link";
import "./log.css";
import type { Entry as Record, LogFilters } from "./use-log";

const icons: { [kind: string]: ReactNode } = {
  key: <KeyOutlined />,
  agent: <RobotOutlined />,
  token: <ApiOutlined />,
  local: <LaptopOutlined />,
};

const OBJECTS = 4;

type Props = { record: Record; onPick: (filters: LogFilters) => void };

export function Entry({ record, onPick }: Props) {
  const { t } = useTranslation("log");
  const [open, setOpen] = useState(false);
  const changes = record.changes ?? [];
  const id = `log-${record.sequence}`;

  return (
    <article className="log-entry" aria-labelledby={id}>
      <Flex justify="space-between" gap="small" wrap>
        <Flex gap="small" wrap align="baseline">
          <strong id={id}>{t(`act.${record.action.replaceAll(" ", "-")}`, { defaultValue: record.action, nsSeparator: false })}</strong>
          <Who record={record} onPick={onPick} />
        </Flex>
        <Typography.Text type="secondary">
          <Time at={record.time} /> · {t("revision", { revision: record.revision })}
        </Typography.Text>
      </Flex>
      <Objects record={record} onPick={onPick} />
      {record.forced && record.forced.length > 0 && (
        <Flex gap={4} wrap align="center">
          {record.forced.map((guard) => (
            <Tooltip key={guard} title={t("forced-meaning")}>
              <Tag color="warning" icon={<WarningFilled />} tabIndex={0}>
                {t("forced", { guard })}
              </Tag>
            </Tooltip>
          ))}
        </Flex>
      )}
      {changes.length > 0 && (
        <div>
          <Button size="small" type="link" className="log-more" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? "hide" : "show", { count: changes.length })}
          </Button>
        </div>
      )}
      {open && <Changes record={record} />}
    </article>
  );
}

function Who({ record, onPick }: Props) {
  const { t } = useTranslation("log");
  // On the host there is no name but what the server calls it.
  const kind = record.who_kind ?? "local";
  const name = kind === "local" || !record.who ? t(`kind-of-who.${kind}`) : record.who;
  return (
    <span>
      {icons[kind] ?? <SafetyOutlined />}{" "}
      {record.who ? (
        <Typography.Link href={`?who=${encodeURIComponent(record.who)}`} onClick={(event) => (event.preventDefault(), onPick({ who: record.who }))}>
          {name}
        </Typography.Link>
      ) : (
        name
      )}
      {record.from && (
        <Typography.Text type="secondary">
          {" "}
          {t("from")} <span className="mono">{record.from}</span>
        </Typography.Text>
      )}
      {record.via === "console" && <Typography.Text type="secondary"> · {t("via-console")}</Typography.Text>}
    </span>
  );
}

function Objects({ record, onPick }: Props) {
  const { t } = useTranslation("log");
  const { objects, changes, omitted } = record;
  const more = objects.length - OBJECTS + (omitted ?? 0);
  return (
    <ul className="log-objects">
      {objects.slice(0, OBJECTS).map(({ kind, id, name }, i) => {
        const link = objectLink(kind, id, changes?.[i]);
        return (
          <li key={`${kind} ${id}`}>
            <Typography.Text type="secondary">{t(`kind.${kind}`, { defaultValue: kind })}</Typography.Text>{" "}
            {link ? <Link to={link}>{name || id}</Link> : name !== id && <span>{name}</span>}{" "}
            <Typography.Link
              className="mono"
              href={`?object=${encodeURIComponent(id)}`}
              title={t("only-this", { name: name || id })}
              onClick={(event) => (event.preventDefault(), onPick({ object: id }))}
            >
              {id}
            </Typography.Link>
          </li>
        );
      })}
      {more > 0 && <li>{t("and-more", { count: more })}</li>}
    </ul>
  );
}

function Changes({ record }: { record: Record }) {
  const { t } = useTranslation("log");
  return (
    <Flex vertical gap="small">
      {(record.changes ?? []).map((change, i) => (
        <ChangeDiff key={`${change.kind} ${change.id}`} change={change} name={record.objects[i]?.name || change.id} />
      ))}
      {record.omitted ? <Typography.Text type="secondary">{t("omitted", { count: record.omitted })}</Typography.Text> : null}
    </Flex>
  );
}
