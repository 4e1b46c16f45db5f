// SPDX-License-Identifier: Apache-2.0
import {
  CheckCircleFilled,
  ClockCircleFilled,
  CloseCircleFilled,
  DisconnectOutlined,
  EyeFilled,
} from "@ant-design/icons";
import { Alert, Flex, Progress as Bar, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../api/client";
import type { Change } from "./request";

type NodeApply = Schemas["NodeApply"];

const icons: Record<NodeApply["state"], React.ReactNode> = {
  applied: <CheckCircleFilled style={{ color: "var(--ant-color-success)" }} />,
  pending: <ClockCircleFilled style={{ color: "var(--ant-color-primary)" }} />,
  offline: <DisconnectOutlined />,
  failed: <CloseCircleFilled style={{ color: "var(--ant-color-error)" }} />,
};

/** Nodes listed by name; those that are not there yet come first. */
const LISTED = 50;

const order: NodeApply["state"][] = ["failed", "pending", "offline", "applied"];

/** Who has it in force: applied, and not merely watching. */
export function isEnforced({ state, reason }: NodeApply): boolean {
  return state === "applied" && reason !== "monitored";
}

/** How far a change that was made is on its nodes; kept current by events. */
export function Progress({ change }: { change: Change }) {
  const { t } = useTranslation("change");
  const query = { params: { path: { number: change.revision } } };
  const { data } = $api.useQuery("get", "/v1/changes/{number}", query, { enabled: change.nodes.length > 0 });
  const nodes = [...(data?.nodes ?? change.nodes)].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const enforced = nodes.filter(isEnforced).length;
  const failed = nodes.some(({ state }) => state === "failed");
  const heading = nodes.length ? t("enforced-on", { applied: enforced, count: nodes.length }) : t("no-nodes");

  return (
    <Flex vertical gap="small" aria-live="polite">
      <Alert
        type={failed ? "error" : enforced === nodes.length ? "success" : "info"}
        showIcon
        title={heading}
        description={t("durable", { revision: change.revision })}
      />
      {nodes.length > 0 && (
        <Bar
          percent={Math.round((100 * enforced) / nodes.length)}
          status={failed ? "exception" : undefined}
          aria-label={heading}
        />
      )}
      <Flex component="ul" vertical gap={6} style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {nodes.slice(0, LISTED).map((node) => (
          <li key={node.id}>
            <Flex gap="small" wrap>
              {isEnforced(node) || node.state !== "applied" ? icons[node.state] : <EyeFilled />}
              <strong>{node.name}</strong>
              <span>{node.reason === "monitored" ? t("state.monitored") : t(`state.${node.state}`)}</span>
              {node.reason && node.reason !== "monitored" && (
                <Typography.Text type="secondary">{node.reason}</Typography.Text>
              )}
            </Flex>
          </li>
        ))}
      </Flex>
      {nodes.length > LISTED && <span>{t("more-nodes", { count: nodes.length - LISTED })}</span>}
    </Flex>
  );
}
