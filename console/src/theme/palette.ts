// SPDX-License-Identifier: Apache-2.0
// Where Ant Design's own colours have less contrast than WCAG AA asks of text: palette.test.ts computes all that
// follow from these and holds every text against what it stands on.
import type { ThemeConfig } from "antd";

export type Scheme = "light" | "dark";

export const tokens: Record<Scheme, NonNullable<ThemeConfig["token"]>> = {
  light: {
    colorPrimary: "#1257b8",
    colorPrimaryHover: "#2464bb",
    colorInfo: "#0958d9",
    colorLink: "#1257b8",
    colorLinkHover: "#0e448f",
    colorLinkActive: "#0e448f",
    colorSuccess: "#237804",
    colorSuccessBg: "#f6ffed",
    colorSuccessBorder: "#b7eb8f",
    colorWarning: "#874d00",
    colorWarningBg: "#fffbe6",
    colorWarningBorder: "#ffe58f",
    colorError: "#cf1322",
    colorErrorBg: "#fff1f0",
    colorErrorBorder: "#ffccc7",
    colorErrorHover: "#b31020",
    colorTextDescription: "rgba(0,0,0,0.62)",
    colorTextPlaceholder: "rgba(0,0,0,0.6)",
    colorTextTertiary: "rgba(0,0,0,0.62)",
    orange7: "#9c4a00",
    gold7: "#7d5600",
  },
  // What is given here is dimmed by the dark algorithm.
  dark: {
    colorPrimary: "#74b2f8",
    colorPrimaryBg: "#15263d",
    colorPrimaryBgHover: "#1c3352",
    colorInfo: "#74b2f8",
    colorLink: "#74b2f8",
    colorLinkHover: "#93c4fa",
    colorLinkActive: "#93c4fa",
    colorSuccess: "#6abe39",
    colorWarning: "#e8b339",
    colorError: "#ff8a87",
    colorTextDescription: "rgba(255,255,255,0.68)",
    colorTextPlaceholder: "rgba(255,255,255,0.62)",
    colorTextTertiary: "rgba(255,255,255,0.68)",
  },
};

/** Text and signs on what is filled with the light primary colour of the dark scheme. */
export const ON_LIGHT = "#0d1b2e";

export const components: Record<Scheme, NonNullable<ThemeConfig["components"]>> = {
  light: {},
  dark: {
    Button: { primaryColor: ON_LIGHT, dangerColor: ON_LIGHT },
    Checkbox: { colorWhite: ON_LIGHT },
    Badge: { colorTextLightSolid: ON_LIGHT },
  },
};
