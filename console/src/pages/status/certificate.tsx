// SPDX-License-Identifier: Apache-2.0
import { CheckCircleFilled, ClockCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { Flex, Tag } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Time } from "../../components/time";
import { type Expiry, expiryOf } from "./versions";

const marks: Record<Expiry, { color: string; icon: ReactNode }> = {
  good: { color: "success", icon: <CheckCircleFilled /> },
  expiring: { color: "warning", icon: <ClockCircleFilled /> },
  expired: { color: "error", icon: <CloseCircleFilled /> },
};

/** When it expires; good ones renew themselves. */
export function Certificate({ expires }: { expires: string }) {
  const { t } = useTranslation("status");
  const state = expiryOf(expires, Date.now());
  return (
    <Flex gap={4} wrap>
      <Time at={expires} />
      <Tag color={marks[state].color} icon={marks[state].icon}>
        {t(`expiry.${state}`)}
      </Tag>
    </Flex>
  );
}
