// SPDX-License-Identifier: Apache-2.0
// A picture of counts in the space of a word, for cells of tables. What it shows it also says. It is one path and has
// nothing of Ant Design's, since a long table draws very many.
import { useTranslation } from "react-i18next";
import "./charts.css";
import { total } from "./scale";

const WIDTH = 38;
const HEIGHT = 16;

type Shape = { x: number; y: number; width: number; height: number };

/** A bar for each value; any at all is at least a pixel high, so that 1 beside 10,000 is seen. */
export function bars(values: readonly number[], width: number, height: number): Shape[] {
  const highest = Math.max(...values, 1);
  const step = width / Math.max(values.length, 1);
  return values.flatMap((value, i) => {
    if (value <= 0) return [];
    const high = Math.max(1, (value / highest) * height);
    return [{ x: i * step, y: height - high, width: Math.max(step - 1, step / 2), height: high }];
  });
}

/** Hits of a rule in the last day, by the hour; without any, a line on the ground. */
export function Sparkline({ hours }: { hours?: readonly number[] }) {
  const { t, i18n } = useTranslation("charts");
  const values = hours ?? [];
  const number = new Intl.NumberFormat(i18n.language);
  const sum = total(values);
  const text = sum
    ? t("hits", { count: sum, sum: number.format(sum), most: number.format(Math.max(...values)) })
    : t("no-hits");

  const path = bars(values, WIDTH, HEIGHT).map(({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h${-width}z`);

  return (
    <svg className="sparkline" role="img" aria-label={text} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <title>{text}</title>
      <line className="sparkline-ground" x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      <path className="sparkline-bar" d={path.join("")} />
    </svg>
  );
}
