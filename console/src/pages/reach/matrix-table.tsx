// SPDX-License-Identifier: Apache-2.0
import { Button, Card, Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../../theme/theme";
import { type Extent, extentOf, isInternet, type OwnGroups, type Row, rowKey, serviceOf, serviceQuery, type Zone } from "./matrix";
import { useAddress } from "./use-reach";
import { ExtentDisc, useZoneName, ZoneIcon } from "./zone";

const PAGE = 100;

type Props = { rows: Row[]; zones: Zone[]; own: OwnGroups };

export function MatrixTable(props: Props) {
  return useNarrow() ? <MatrixCards {...props} /> : <Wide {...props} />;
}

/** A cell: how much of the zone reaches the service; opens the rules that let it. */
function Cell({ row, zone, extent, named }: { row: Row; zone: Zone; extent: Extent; named?: boolean }) {
  const { t } = useTranslation("reach");
  const { select } = useAddress();
  const zoneName = useZoneName();
  const service = serviceQuery(row);

  if (extent === "none")
    return (
      <Typography.Text type="secondary" className="reach-none">
        – <span className="unseen">{t("extent.none")}</span>
      </Typography.Text>
    );
  return (
    <Button
      type="text"
      size="small"
      className={isInternet(zone.id) ? "reach-cell internet" : "reach-cell"}
      aria-label={t("cell", {
        zone: zoneName(zone),
        extent: t(`extent.${extent}`),
        service: serviceOf(row),
        cluster: row.cluster,
      })}
      onClick={() => select({ from: zone.id, to: row.cluster, services: service ? [service] : [] })}
    >
      <ExtentDisc extent={extent} /> {named ? `${zoneName(zone)}: ` : ""}
      {t(`extent.${extent}`)}
    </Button>
  );
}

function Wide({ rows, zones, own }: Props) {
  const { t } = useTranslation("reach");
  const { filter } = useAddress();
  const zoneName = useZoneName();

  return (
    <Table<Row>
      size="small"
      rowKey={rowKey}
      dataSource={rows}
      scroll={{ x: 260 + zones.length * 130 }}
      pagination={rows.length > PAGE ? { pageSize: PAGE, showSizeChanger: false } : false}
      caption={<span className="unseen">{t("caption")}</span>}
      columns={[
        { title: t("cluster"), dataIndex: "cluster", width: 140, fixed: "left" },
        {
          title: t("service"),
          width: 140,
          fixed: "left",
          render: (_, row) => <span className="mono">{serviceOf(row)}</span>,
        },
        ...zones.map((zone) => ({
          key: zone.id,
          title: (
            <Flex gap={6} align="center">
              <ZoneIcon zone={zone.id} />
              <span className="reach-zone">{zoneName(zone)}</span>
            </Flex>
          ),
          width: 130,
          render: (_: unknown, row: Row) => (
            <Cell row={row} zone={zone} extent={extentOf(row, zone.id, filter, own)} />
          ),
        })),
      ]}
    />
  );
}

/** The same for narrow screens: a card a service, with the zones that reach it. */
function MatrixCards({ rows, zones, own }: Props) {
  const { filter } = useAddress();
  return (
    <Flex vertical gap={8}>
      {rows.slice(0, PAGE * 5).map((row) => (
        <Card
          key={rowKey(row)}
          size="small"
          title={
            <Flex justify="space-between" gap={8} wrap>
              <span className="mono">{serviceOf(row)}</span>
              <Typography.Text type="secondary">{row.cluster}</Typography.Text>
            </Flex>
          }
        >
          <Flex gap={4} wrap>
            {zones.map((zone) => {
              const extent = extentOf(row, zone.id, filter, own);
              return extent === "none" ? null : <Cell key={zone.id} row={row} zone={zone} extent={extent} named />;
            })}
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}
