// SPDX-License-Identifier: Apache-2.0
import { DiffOutlined, RollbackOutlined } from "@ant-design/icons";
import { Button, Flex, Tag, Typography } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../../api/client";
import { Traffic } from "../../change/traffic";
import { Loaded } from "../../components/loaded";
import { Time } from "../../components/time";
import type { Group } from "../../model/group";
import { useNameOf } from "../../model/names";
import { useMay } from "../../session/session";
import { historyLines, type Line } from "./history-lines";
import { useRestore } from "./restore";
import "./security-group.css";

const LINES = 8;

/** One change of the group: who, when, what; what traffic it opened and closed; the way back to it. */
export function HistoryEntry(props: { group: Group; item: Schemas["LogItem"]; isNewest: boolean }) {
  const { t } = useTranslation("security-group");
  const { group, item } = props;
  const nameOf = useNameOf();
  const lines = useMemo(() => historyLines(item, group.head.id, nameOf), [item, group.head.id, nameOf]);
  const [compared, setCompared] = useState(false);
  const may = useMay("operator");
  const { restore, busy } = useRestore(group);

  return (
    <Flex vertical gap={6}>
      <Flex justify="space-between" gap="small" wrap>
        <span>
          <strong>{t(`action.${item.action.replace(/[^a-z]+/g, "-")}`, { defaultValue: item.action })}</strong>{" "}
          <Typography.Text type="secondary">
            {t("by", { who: item.who })} · <Time at={item.time} /> · {t("revision", { revision: item.revision })}
          </Typography.Text>
          {item.forced?.map((guard) => (
            <Tag color="warning" key={guard} style={{ marginInlineStart: 8 }}>
              {t("forced", { guard })}
            </Tag>
          ))}
        </span>
        <Flex gap="small" wrap>
          <Button size="small" icon={<DiffOutlined />} aria-expanded={compared} onClick={() => setCompared(!compared)}>
            {t(compared ? "hide-traffic" : "show-traffic")}
          </Button>
          {may && !props.isNewest && (
            <Button size="small" icon={<RollbackOutlined />} loading={busy} onClick={() => void restore(item.revision)}>
              {t("restore")}
            </Button>
          )}
        </Flex>
      </Flex>
      <Lines lines={lines} omitted={item.omitted ?? 0} />
      {compared && <Compared revision={item.revision} />}
    </Flex>
  );
}

function Lines({ lines, omitted }: { lines: Line[]; omitted: number }) {
  const { t } = useTranslation("security-group");
  const [all, setAll] = useState(false);
  return (
    <>
      <ul className="history-changes mono">
        {(all ? lines : lines.slice(0, LINES)).map(({ sign, text, note }, index) => (
          <li key={`${index} ${sign} ${text}`}>
            <span aria-label={t(`sign.${{ "+": "comes", "-": "goes", "~": "changes" }[sign]}`)}>{sign}</span> {text}
            {note && <Typography.Text type="secondary"> # {note}</Typography.Text>}
          </li>
        ))}
      </ul>
      {!all && lines.length > LINES && (
        <Button type="link" size="small" style={{ alignSelf: "start", paddingInline: 0 }} onClick={() => setAll(true)}>
          {t("all-lines", { count: lines.length })}
        </Button>
      )}
      {omitted > 0 && <Typography.Text type="secondary">{t("omitted", { count: omitted })}</Typography.Text>}
    </>
  );
}

/** What the change opened and closed: between the revision before it and its own. */
function Compared({ revision }: { revision: string }) {
  const { t } = useTranslation("security-group");
  const before = (BigInt(revision) - 1n).toString();
  const query = $api.useQuery("get", "/v1/diff", { params: { query: { from: before, to: revision } } });
  return (
    <section aria-label={t("show-traffic")}>
      <Loaded query={query}>{(diff) => <Traffic diff={diff} />}</Loaded>
    </section>
  );
}
