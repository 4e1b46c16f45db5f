// SPDX-License-Identifier: Apache-2.0
import { Empty, Flex, Typography } from "antd";
import type { ReactNode } from "react";

/** Where a list has nothing: what that means, and what to do. */
export function EmptyState({ text, hint, children }: { text: string; hint?: string; children?: ReactNode }) {
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: "24px 0" }}
      description={
        <Flex vertical gap={4} align="center">
          <Typography.Text strong>{text}</Typography.Text>
          {hint && <Typography.Text type="secondary">{hint}</Typography.Text>}
        </Flex>
      }
    >
      {children}
    </Empty>
  );
}
