// SPDX-License-Identifier: Apache-2.0
import { theme } from "antd";
import { describe, expect, test } from "vitest";
import { ON_LIGHT, type Scheme, tokens } from "./palette";

type Rgb = [number, number, number];

/** Red, green and blue of a colour on what is behind it. */
function rgb(color: string, behind: Rgb = [255, 255, 255]): Rgb {
  const hex = /^#(?:([0-9a-f]{6})|([0-9a-f]{3}))$/i.exec(color);
  if (hex) {
    const text = hex[1] ?? [...hex[2]!].map((digit) => digit + digit).join("");
    return [0, 2, 4].map((at) => parseInt(text.slice(at, at + 2), 16)) as Rgb;
  }
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g)!.map(Number);
  return [red!, green!, blue!].map((part, i) => part * alpha + behind[i]! * (1 - alpha)) as Rgb;
}

/** Relative luminance, as WCAG 2 defines it. */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(text: string, ground: string): number {
  const behind = rgb(ground);
  const [low, high] = [luminance(rgb(text, behind)), luminance(behind)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

test("contrast is that of WCAG", () => {
  expect(contrast("#000", "#fff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  expect(contrast("rgba(0,0,0,0.5)", "#fff")).toBeCloseTo(contrast("#808080", "#fff"), 1);
});

const grounds = ["colorBgContainer", "colorBgLayout", "colorBgElevated"];
const texts = [
  "colorText",
  "colorTextHeading",
  "colorTextSecondary",
  "colorTextTertiary",
  "colorTextDescription",
  "colorTextPlaceholder",
  "colorPrimary",
  "colorPrimaryHover",
  "colorLink",
  "colorLinkHover",
  "colorSuccess",
  "colorWarning",
  "colorError",
  "colorErrorHover",
  "colorInfo",
];
const pairs = [
  ...grounds.flatMap((ground) => texts.map((text) => [text, ground])),
  // Tags and alerts; the selected entry of the menu and of lists.
  ...["Success", "Warning", "Error", "Info", "Primary"].map((kind) => [`color${kind}`, `color${kind}Bg`]),
  ...["Success", "Warning", "Error", "Info", "Primary"].map((kind) => ["colorText", `color${kind}Bg`]),
  ["colorPrimary", "controlItemBgActive"],
  ...["magenta", "red", "orange", "gold", "blue"].map((kind) => [`${kind}7`, `${kind}1`]),
] as [string, string][];

describe.each(["light", "dark"] as Scheme[])("in the %s scheme", (scheme) => {
  const made = theme.getDesignToken({
    algorithm: scheme === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: tokens[scheme],
  }) as unknown as Record<string, string>;

  test.each(pairs)("%s can be read on %s", (text, ground) => {
    expect(contrast(made[text]!, made[ground]!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["colorPrimary", "colorPrimaryHover", "colorError", "colorErrorHover"])("a button of %s can be read", (fill) => {
    const label = scheme === "dark" ? ON_LIGHT : "#fff";
    expect(contrast(label, made[fill]!)).toBeGreaterThanOrEqual(4.5);
  });
});
