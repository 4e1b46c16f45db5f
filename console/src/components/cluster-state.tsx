// SPDX-License-Identifier: Apache-2.0
import { MinusCircleOutlined } from "@ant-design/icons";
import { Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { type Cluster, healthOf } from "../model/cluster";
import { NodeStateTag } from "./marks";

/** The worst state of a cluster's nodes, and how many are in it if not all are. */
export function ClusterStateTag({ cluster }: { cluster: Pick<Cluster, "nodes" | "enforcement"> }) {
  const { t } = useTranslation();
  const { state, count, total } = healthOf(cluster);
  if (state === "empty" || state === "unmanaged")
    return <Tag icon={<MinusCircleOutlined />}>{t(`cluster-state.${state}`)}</Tag>;
  return (
    <Flex gap={4} align="center" wrap>
      <NodeStateTag state={state} />
      {count < total && <Typography.Text type="secondary">{t("some-of", { some: count, count: total })}</Typography.Text>}
    </Flex>
  );
}
