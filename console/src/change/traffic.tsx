// SPDX-License-Identifier: Apache-2.0
import { LockOutlined, UnlockOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../api/client";
import { compareNames } from "../model/order";
import { portsText } from "../model/rule-text";
import "./change.css";

type Diff = Schemas["Diff"];
type Item = Diff["items"][number];

/** "tcp 80, 443": ports as people write them. */
export function serviceText(protocol: string, ports: string[]): string {
  const shown = ports.filter((range) => range !== "-1/-1").map(portsText);
  return shown.length ? `${protocol} ${shown.join(", ")}` : protocol;
}

/** Exactly the traffic that opens and closes; 'fresh' has ids of rules that only this change makes or changes. */
export function Traffic({ diff, omitted, fresh }: { diff?: Diff; omitted?: string; fresh?: Set<string> }) {
  const { t } = useTranslation("change");

  if (omitted) return <Alert type="info" showIcon title={t("traffic-omitted")} description={omitted} />;
  if (!diff) return null;
  return (
    <Flex vertical gap="middle">
      {!diff.different && <Alert type="info" showIcon title={t("no-traffic")} />}
      {(["opens", "closes"] as const).map((change) => (
        <Items key={change} change={change} fresh={fresh} items={diff.items.filter((item) => item.change === change)} />
      ))}
      {diff.notes.map(({ note, node, interface: name }) => (
        <Typography.Text type="secondary" key={`${note} ${node} ${name}`}>
          {t(`note.${note}`, { node, interface: name })}
        </Typography.Text>
      ))}
    </Flex>
  );
}

const SHOWN = 20;

function Items({ change, items, fresh }: { change: "opens" | "closes"; items: Item[]; fresh?: Set<string> }) {
  const { t } = useTranslation("change");
  const [all, setAll] = useState(false);
  if (items.length === 0) return null;
  return (
    <section className={`traffic traffic-${change}`}>
      <Typography.Title level={2} style={{ fontSize: 15, margin: "0 0 4px" }}>
        {change === "opens" ? <UnlockOutlined /> : <LockOutlined />} {t(change)}
      </Typography.Title>
      <ul>
        {(all ? items : items.slice(0, SHOWN)).map((item) => (
          <li key={JSON.stringify(item)}>
            <Service item={item} fresh={fresh} />
          </li>
        ))}
      </ul>
      {!all && items.length > SHOWN && (
        <Button type="link" style={{ paddingInline: 0 }} onClick={() => setAll(true)}>
          {t("show-all", { count: items.length })}
        </Button>
      )}
    </section>
  );
}

function Service({ item, fresh }: { item: Item; fresh?: Set<string> }) {
  const { t } = useTranslation("change");
  const { direction, remotes, except, protocol, ports, nodes, locals, source_ports, because } = item;
  const first = because[0];
  const cause = (id: string) => (fresh?.has(id) ? t("this-rule") : t(`cause.${id}`, { defaultValue: id }));
  const details = [
    except?.length ? t("except", { remotes: except.join(", ") }) : "",
    locals?.length ? t("locals", { locals: locals.join(", ") }) : "",
    source_ports?.length ? t("source-ports", { ports: source_ports.map(portsText).join(", ") }) : "",
    t("where", { nodes: [...nodes].sort(compareNames).join(", "), interface: item.interface }),
    first ? t("because", { before: cause(first.before), after: cause(first.after) }) : "",
  ].filter(Boolean);
  return (
    <>
      <div style={{ overflowWrap: "anywhere" }}>
        <strong className="mono">{serviceText(protocol, ports)}</strong>{" "}
        {t(direction === "ingress" ? "from" : "to", { remotes: remotes.join(", ") })}
      </div>
      <Typography.Text type="secondary" style={{ fontSize: 13, overflowWrap: "anywhere" }}>
        {details.join(" · ")}
      </Typography.Text>
    </>
  );
}
