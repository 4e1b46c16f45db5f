// SPDX-License-Identifier: Apache-2.0
import { GlobalOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { languages } from "../i18n";
import { type SchemeChoice, useScheme } from "../theme/theme";

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [i18n.language],
        items: Object.entries(languages).map(([key, label]) => ({ key, label: <span lang={key}>{label}</span> })),
        onClick: ({ key }) => void i18n.changeLanguage(key),
      }}
    >
      <Button type="text" icon={<GlobalOutlined />} aria-label={t("language")} />
    </Dropdown>
  );
}

export function SchemeSwitch() {
  const { t } = useTranslation();
  const { scheme, choice, choose } = useScheme();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [choice],
        items: (["auto", "light", "dark"] as const).map((key) => ({ key, label: t(`scheme.${key}`) })),
        onClick: ({ key }) => choose(key as SchemeChoice),
      }}
    >
      <Button
        type="text"
        icon={scheme === "dark" ? <MoonOutlined /> : <SunOutlined />}
        aria-label={t("scheme.title")}
      />
    </Dropdown>
  );
}
