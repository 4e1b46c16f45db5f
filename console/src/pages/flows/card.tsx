// SPDX-License-Identifier: Apache-2.0
import { Card, Flex, Typography } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { VerdictTag } from "../../components/marks";
import type { Flow } from "./buffer";
import { Decider, Remote, Service, useCounted, Way, Why } from "./cells";

/** A record of flows where tables have no room. */
export function FlowCard({ flow, when }: { flow: Flow; when: ReactNode }) {
  const { t } = useTranslation("flows");
  const counted = useCounted();
  return (
    <Card size="small">
      <Flex vertical gap={4}>
        <Flex justify="space-between" gap="small" wrap>
          <VerdictTag verdict={flow.verdict} />
          <Typography.Text type="secondary">{when}</Typography.Text>
        </Flex>
        <Flex gap="small" wrap>
          <strong>
            <Service flow={flow} />
          </strong>
          <span>
            {t(flow.direction === "ingress" ? "from" : "to")} <Remote flow={flow} />
          </span>
        </Flex>
        <span>
          {flow.name}
          {flow.interface && ` · ${flow.interface}`} · <Way flow={flow} /> · {counted(flow)}
        </span>
        <Flex justify="space-between" gap="small" wrap>
          <Decider flow={flow} />
          <Why flow={flow} />
        </Flex>
      </Flex>
    </Card>
  );
}
