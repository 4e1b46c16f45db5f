// SPDX-License-Identifier: Apache-2.0
// What columns are filled with: a pattern besides the colour, so that a verdict is never told by colour alone.

export type Fill = "solid" | "hatched" | "dotted";

export type Look = { key: string; name: string; fill: Fill; color: string };

function Pattern({ id, fill, color }: { id: string; fill: Fill; color: string }) {
  const size = 5;
  return (
    <pattern id={id} width={size} height={size} patternUnits="userSpaceOnUse" patternTransform={fill === "hatched" ? "rotate(45)" : undefined}>
      <rect width={size} height={size} fill={color} fillOpacity={fill === "solid" ? 0.85 : 0.3} />
      {fill === "hatched" && <rect width={2} height={size} fill={color} />}
      {fill === "dotted" && <circle cx={2.5} cy={2.5} r={1.4} fill={color} />}
    </pattern>
  );
}

/** Patterns of a chart; `url(#${prefix}-${key})` fills with one. */
export function Patterns({ prefix, looks }: { prefix: string; looks: Look[] }) {
  return (
    <defs>
      {looks.map((look) => (
        <Pattern key={look.key} id={`${prefix}-${look.key}`} fill={look.fill} color={look.color} />
      ))}
    </defs>
  );
}

export function Legend({ looks }: { looks: Look[] }) {
  return (
    <>
      {looks.map((look) => (
        <span key={look.key}>
          <svg className="chart-swatch" width={12} height={12} aria-hidden>
            <Patterns prefix="legend" looks={[look]} />
            <rect width={12} height={12} fill={`url(#legend-${look.key})`} stroke={look.color} />
          </svg>
          {look.name}
        </span>
      ))}
    </>
  );
}
