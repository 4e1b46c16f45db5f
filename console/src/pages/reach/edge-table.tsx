// SPDX-License-Identifier: Apache-2.0
import { Button, Flex, Table } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../../theme/theme";
import type { Edge, Graph } from "./graph";
import { ExtentDisc, useZoneName, ZoneIcon } from "./zone";

type Props = { graph: Graph; onOpen: (edge: Edge) => void };

/** What the picture shows, as a table; on narrow screens as a list. */
export function EdgeTable(props: Props) {
  return useNarrow() ? <EdgeList {...props} /> : <Wide {...props} />;
}

function EdgeList({ graph, onOpen }: Props) {
  const { t } = useTranslation("reach");
  const zoneName = useZoneName();
  const names = new Map(graph.zones.map((zone) => [zone.id, zoneName(zone)]));
  return (
    <ul className="plain-rows">
      {graph.edges.map((edge) => (
        <li key={edge.id}>
          <Flex justify="space-between" align="center" gap={8}>
            <div>
              <Flex gap={6} align="center" wrap>
                <ZoneIcon zone={edge.zone} />
                <span>
                  {names.get(edge.zone)} → {edge.bundle.cluster}
                </span>
                <ExtentDisc extent={edge.extent} />
                {t(`extent.${edge.extent}`)}
              </Flex>
              <span className="mono">{edge.bundle.text}</span>
            </div>
            <Button size="small" onClick={() => onOpen(edge)} aria-label={labelOf(edge, names, t)}>
              {t("rules")}
            </Button>
          </Flex>
        </li>
      ))}
    </ul>
  );
}

const labelOf = ({ zone, bundle }: Edge, names: Map<string, string>, t: TFunction<"reach">) =>
  t("rules-of", { zone: names.get(zone), service: bundle.text, cluster: bundle.cluster });

function Wide({ graph, onOpen }: Props) {
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
          title: <span className="unseen">{t("common:actions")}</span>,
          render: (_, edge) => (
            <Button
              type="link"
              size="small"
              onClick={() => onOpen(edge)}
              aria-label={labelOf(edge, names, t)}
            >
              {t("rules")}
            </Button>
          ),
        },
      ]}
    />
  );
}
