// SPDX-License-Identifier: Apache-2.0
import { Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { type Kernel, occupancyOf } from "../../model/node";
import "./nodes.css";

const percentText = (percent: number, language: string) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: percent < 1 ? 2 : 0 }).format(percent / 100);

/** How full the flow table is, by class of flow. */
export function OccupancyBar({ kernel }: { kernel: Kernel }) {
  const { t, i18n } = useTranslation("nodes");
  const { used, capacity, percent, classes } = occupancyOf(kernel);
  const number = new Intl.NumberFormat(i18n.language);
  const text = t("occupancy", {
    used: number.format(used),
    capacity: number.format(capacity),
    percent: percentText(percent, i18n.language),
  });
  return (
    <div className="occupancy">
      <svg width="100%" height="6" role="img" aria-label={text} className="occupancy-bar">
        <rect width="100%" height="6" className="occupancy-free" />
        <Segments classes={classes} capacity={capacity} />
      </svg>
      <Typography.Text type="secondary" className="tabular">
        {number.format(used)} · {percentText(percent, i18n.language)}
      </Typography.Text>
    </div>
  );
}

function Segments({ classes, capacity }: { classes: [string, number][]; capacity: number }) {
  let at = 0;
  return classes.map(([name, count]) => {
    const width = capacity ? (100 * count) / capacity : 0;
    const x = at;
    at += width;
    return <rect key={name} x={`${x}%`} width={`${width}%`} height="6" className={`occupancy-${name}`} />;
  });
}

/** "504 KiB", "128 MiB": as the node's own status says it. */
const bytesText = (bytes: number) => (bytes >= 2 << 20 ? `${bytes >> 20} MiB` : `${bytes >> 10} KiB`);

/** The decision tables of the policy in force. */
export function TablesText({ kernel }: { kernel: Kernel }) {
  const { t } = useTranslation("nodes");
  return (
    <span className="tabular">
      {t("tables-text", {
        used: bytesText(kernel.table_bytes),
        limit: bytesText(kernel.table_limit_bytes),
        generation: kernel.generation,
      })}
    </span>
  );
}

/** The same with every class by name and number. */
export function OccupancyTable({ kernel }: { kernel: Kernel }) {
  const { t, i18n } = useTranslation("nodes");
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <Flex vertical gap="small">
      <OccupancyBar kernel={kernel} />
      <dl className="occupancy-classes">
        {occupancyOf(kernel).classes.map(([name, count]) => (
          <div key={name}>
            <dt>
              <svg width="10" height="10" aria-hidden>
                <rect width="10" height="10" rx="2" className={`occupancy-${name}`} />
              </svg>{" "}
              {t(`flow-class.${name}`)}
            </dt>
            <dd className="tabular">{number.format(count)}</dd>
          </div>
        ))}
      </dl>
      <Typography.Text type="secondary" className="tabular">
        {t("room", {
          capacity: number.format(kernel.flow_capacity),
          full: percentText(kernel.full_pairs_ppm / 10_000, i18n.language),
        })}
      </Typography.Text>
    </Flex>
  );
}
