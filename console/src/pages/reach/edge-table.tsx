// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Table } from "antd";
import { useTranslation } from "react-i18next";
import type { Edge, Graph } from "./graph";
import { ExtentDisc, useZoneName, ZoneIcon } from "./zone";

/** What the picture shows, as a table. */
export function EdgeTable({ graph, onOpen }: { graph: Graph; onOpen: (edge: Edge) => void }) {
  const { t } = useTranslation("reach");
  const zoneName = useZoneName();
  const names = new Map(graph.zones.map((zone) => [zone.id, zoneName(zone)]));

  return (
    <Table<Edge>
      size="small"
      rowKey="id"
      dataSource={graph.edges}
      scroll={{ x: "max-content" }}
      pagination={graph.edges.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
      caption={<span className="unseen">{t("caption")}</span>}
      columns={[
        {
          title: t("from"),
          render: (_, { zone }) => (
            <Flex gap={6}>
              <ZoneIcon zone={zone} />
              <span>{names.get(zone)}</span>
            </Flex>
          ),
        },
        {
          title: t("extent-title"),
          render: (_, { extent }) => (
            <Flex gap={6} align="center">
              <ExtentDisc extent={extent} />
              {t(`extent.${extent}`)}
            </Flex>
          ),
        },
        { title: t("service"), render: (_, { bundle }) => <span className="mono reach-wrap">{bundle.text}</span> },
        { title: t("cluster"), render: (_, { bundle }) => bundle.cluster },
        {
          key: "rules",
          render: (_, edge) => (
            <Button
              type="link"
              size="small"
              onClick={() => onOpen(edge)}
              aria-label={t("rules-of", { zone: names.get(edge.zone), service: edge.bundle.text, cluster: edge.bundle.cluster })}
            >
              {t("rules")}
            </Button>
          ),
        },
      ]}
    />
  );
}
