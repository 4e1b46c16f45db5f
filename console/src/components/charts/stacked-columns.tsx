// SPDX-License-Identifier: Apache-2.0
import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Look, Patterns } from "./fills";
import { timeTicks, total, valueTicks } from "./scale";
import { coarsen, columns, type Counts } from "./stack";
import { useWidth } from "./use-width";
import { axisTime, stepTime } from "./when";

const HEIGHT = 150;
const TOP = 8;
const BOTTOM = 22;
const LEFT = 44;
/** A column and its gap take at least so many pixels. */
const COLUMN = 6;
/** A label of the time axis takes so many. */
const LABEL = 64;

type Props = { counts: Counts; since: number; days?: boolean; looks: Look[] };

/** The picture alone; who points at a column reads what it says below. */
export function StackedColumns({ counts, since, days, looks }: Props) {
  const { t, i18n } = useTranslation("charts");
  const id = useId();
  const [ref, width] = useWidth<HTMLDivElement>(600);
  const [pointed, setPointed] = useState<number | null>(null);
  const plot = Math.max(1, width - LEFT);
  const coarse = useMemo(() => coarsen(counts, plot / COLUMN), [counts, plot]);
  const drawn = useMemo(() => columns(coarse, plot, HEIGHT), [coarse, plot]);
  const places = drawn.columns.length;
  const end = coarse.begin + places * coarse.step;
  const x = (at: number) => LEFT + ((at - coarse.begin) / (end - coarse.begin)) * plot;
  const number = new Intl.NumberFormat(i18n.language);
  const compact = new Intl.NumberFormat(i18n.language, { notation: "compact" });
  const offset = days ? 0 : -new Date(end).getTimezoneOffset() * 60_000;

  const say = (place: number) =>
    `${stepTime(coarse.begin + place * coarse.step, coarse.step, i18n.language, days)}: ` +
    coarse.series.map(({ key, values }) => `${nameOf(looks, key)} ${number.format(values[place] ?? 0)}`).join(" · ");
  const summary = coarse.series.map(({ key, values }) => `${nameOf(looks, key)} ${number.format(total(values))}`);

  return (
    <div ref={ref}>
      <svg
        className="chart"
        role="img"
        aria-label={t("summary", { counts: summary.join(", ") })}
        height={TOP + HEIGHT + BOTTOM}
        onPointerMove={({ clientX, currentTarget }) => {
          const inside = clientX - currentTarget.getBoundingClientRect().left - LEFT;
          const place = Math.floor((inside / plot) * places);
          setPointed(place >= 0 && place < places ? place : null);
        }}
        onPointerLeave={() => setPointed(null)}
      >
        <Patterns prefix={id} looks={looks} />
        {valueTicks(drawn.max).map((tick) => {
          const y = TOP + HEIGHT - (tick / drawn.max) * HEIGHT;
          return (
            <g key={tick}>
              <line className="chart-line" x1={LEFT} x2={width} y1={y} y2={y} />
              <text x={LEFT - 6} y={y + 4} textAnchor="end">
                {compact.format(tick)}
              </text>
            </g>
          );
        })}
        {since > coarse.begin && (
          <rect className="chart-unknown" x={LEFT} y={TOP} width={Math.max(0, x(since) - LEFT)} height={HEIGHT}>
            <title>{t("unknown")}</title>
          </rect>
        )}
        {pointed !== null && (
          <rect className="chart-pointed" x={LEFT + (pointed * plot) / places} y={TOP} width={plot / places} height={HEIGHT} />
        )}
        {drawn.columns.map((column) =>
          column.pieces.map((piece) => (
            <rect
              key={`${column.at} ${piece.key}`}
              x={LEFT + column.x}
              y={TOP + piece.y}
              width={column.width}
              height={piece.height}
              fill={`url(#${id}-${piece.key})`}
            />
          )),
        )}
        {timeTicks(coarse.begin, end, Math.max(2, plot / LABEL), offset).map((at) => (
          <text key={at} x={Math.min(x(at), width - 18)} y={TOP + HEIGHT + 16} textAnchor="middle">
            {axisTime(at, i18n.language, days)}
          </text>
        ))}
      </svg>
      <div className="chart-said">{pointed === null ? since > coarse.begin ? t("unknown") : "\u00a0" : say(pointed)}</div>
    </div>
  );
}

const nameOf = (looks: Look[], key: string) => looks.find((look) => look.key === key)?.name ?? key;
