// SPDX-License-Identifier: Apache-2.0
import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "../../components/empty";
import { Loaded } from "../../components/loaded";
import type { Cluster } from "../../model/cluster";
import { useMay } from "../../session/session";
import { useNodes } from "../nodes/data";
import { NodeDrawer } from "../nodes/drawer";
import { NodeForm } from "../nodes/form";
import { NodeList } from "../nodes/list";
import { JoinCommand } from "./join";

/** The nodes of a cluster, and how more of them come. */
export function ClusterNodes({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation("cluster");
  const may = useMay("operator");
  const [adding, setAdding] = useState<"agent" | "none" | null>(null);
  const nodes = useNodes(cluster.id);
  const names = useMemo(() => new Map([[cluster.id, cluster.name]]), [cluster.id, cluster.name]);

  const buttons = may && (
    <Flex gap="small" wrap>
      <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding("agent")}>
        {t("join.button")}
      </Button>
      <Button onClick={() => setAdding("none")}>{t("nodes.record")}</Button>
    </Flex>
  );

  return (
    <Flex vertical gap="middle">
      <Loaded query={nodes}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState text={t("nodes.none")} hint={t("nodes.none-hint")}>
              <Flex justify="center">{buttons}</Flex>
            </EmptyState>
          ) : (
            <>
              {buttons}
              <NodeList nodes={items} clusterNames={names} />
            </>
          )
        }
      </Loaded>
      <NodeDrawer />
      <JoinCommand cluster={cluster} open={adding === "agent"} onClose={() => setAdding(null)} />
      <NodeForm cluster={cluster} open={adding === "none"} onClose={() => setAdding(null)} />
    </Flex>
  );
}
