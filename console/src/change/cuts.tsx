// SPDX-License-Identifier: Apache-2.0
import { ScissorOutlined } from "@ant-design/icons";
import { Alert, Flex, Radio, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../api/client";
import { byName } from "../model/order";
import type { Established } from "./request";

type Props = {
  /** The change closes nothing, so no flow can be cut. */
  closesNothing: boolean;
  cuts: Schemas["Cuts"];
  established: Established;
  onEstablished: (established: Established) => void;
};

/** Whether there is anything to choose: live flows that the change refuses, or that earlier ones kept. */
export function choicesOf({ flows, kept }: Pick<Schemas["Cuts"], "flows" | "kept">): Established[] {
  if (flows === "0" && kept === "0") return [];
  return ["cut", "keep", ...(kept === "0" ? [] : ["cut-kept" as const])];
}

/** "node-3, node-4: its agent is not connected": the nodes of each reason. */
export function byReason(nodes: readonly Pick<Schemas["Cuts"]["unknown"][number], "name" | "reason">[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, reason } of byName(nodes)) names.set(reason, [...(names.get(reason) ?? []), name]);
  return [...names].map(([reason, those]) => `${those.join(", ")}: ${reason}`);
}

/** The live flows that a change would end, and the choice to let them go on. */
export function Cuts({ cuts, closesNothing, established, onEstablished }: Props) {
  const { t } = useTranslation("change");
  const choices = choicesOf(cuts);

  if (closesNothing && choices.length === 0) return null;
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 15, margin: "0 0 4px" }}>
        <ScissorOutlined aria-hidden /> {t("flows")}
      </Typography.Title>
      {choices.length === 0 && cuts.unknown.length === 0 && <span>{t("cuts-nothing")}</span>}
      {choices.length > 0 && (
        <Flex vertical gap="small">
          <span>{t("cuts", { count: Number(cuts.flows) })}</span>
          {cuts.nodes.map((node) => (
            <NodeCuts key={node.node} node={node} />
          ))}
          <Radio.Group
            aria-label={t("flows")}
            value={established}
            onChange={({ target }) => onEstablished(target.value as Established)}
            options={choices.map((value) => ({
              value,
              label: t(`established.${value}`, { count: Number(cuts.kept) }),
            }))}
            style={{ display: "flex", flexDirection: "column", gap: 4 }}
          />
        </Flex>
      )}
      {cuts.unknown.length > 0 && (
        <Alert
          type="warning"
          showIcon
          style={{ marginTop: 8 }}
          title={t("cuts-unknown")}
          description={byReason(cuts.unknown).join("; ")}
        />
      )}
    </section>
  );
}

function NodeCuts({ node }: { node: Schemas["Cuts"]["nodes"][number] }) {
  const { t } = useTranslation("change");
  const more = Number(node.flows) - node.examples.length;
  return (
    <div>
      <strong>{node.name}</strong>: {t("cut-flows", { count: Number(node.flows) })}
      <ul className="rule-changes mono" style={{ fontSize: 13 }}>
        {node.examples.map((flow) => (
          <li key={JSON.stringify(flow)}>{flowText(flow)}</li>
        ))}
        {more > 0 && node.examples.length > 0 && <li>{t("more-flows", { count: more })}</li>}
      </ul>
    </div>
  );
}

/** "tcp 203.0.113.9:4711 → 10.0.0.1:22": who opened it stands first. */
export function flowText(flow: Schemas["CutFlow"]): string {
  const local = endText(flow.local, flow.local_port);
  const remote = endText(flow.remote, flow.remote_port);
  return `${flow.protocol} ${flow.direction === "ingress" ? `${remote} → ${local}` : `${local} → ${remote}`}`;
}

/** "10.0.0.1:22", "[2001:db8::1]:22", or the address alone. */
export function endText(address: string, port?: number): string {
  if (!port) return address;
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
