// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, ClockCircleFilled, CloseCircleFilled, DisconnectOutlined } from "@ant-design/icons";
import { Alert, Flex, List, Progress as Bar } from "antd";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "../api/client";
import type { Change } from "./request";

const icons: Record<Schemas["NodeApply"]["state"], React.ReactNode> = {
  applied: <CheckCircleFilled style={{ color: "var(--ant-color-success)" }} />,
  pending: <ClockCircleFilled />,
  offline: <DisconnectOutlined />,
  failed: <CloseCircleFilled style={{ color: "var(--ant-color-error)" }} />,
};

/** How far a change that was made is on its nodes; kept current by events. */
export function Progress({ change }: { change: Change }) {
  const { t } = useTranslation("change");
  const state = $api.useQuery("get", "/v1/changes/{number}", { params: { path: { number: change.revision } } });
  const nodes = state.data?.nodes ?? change.nodes;
  const applied = nodes.filter((node) => node.state === "applied").length;

  return (
    <Flex vertical gap="small" aria-live="polite">
      <Alert
        type={applied === nodes.length ? "success" : "info"}
        showIcon
        title={nodes.length ? t("enforced-on", { applied, count: nodes.length }) : t("no-nodes")}
        description={t("durable", { revision: change.revision })}
      />
      {nodes.length > 0 && (
        <Bar
          percent={Math.round((100 * applied) / nodes.length)}
          status={nodes.some((node) => node.state === "failed") ? "exception" : undefined}
          aria-label={t("enforced-on", { applied, count: nodes.length })}
        />
      )}
      <List
        size="small"
        dataSource={nodes}
        locale={{ emptyText: " " }}
        renderItem={(node) => (
          <List.Item>
            <Flex gap="small">
              {icons[node.state]}
              <span>{node.name}</span>
              <span>{t(`state.${node.state}`)}</span>
              {node.reason && <span>{node.reason}</span>}
            </Flex>
          </List.Item>
        )}
      />
    </Flex>
  );
}
