// SPDX-License-Identifier: Apache-2.0
import { Breadcrumb, Flex, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router-dom";
import type { Concept } from "../help/concepts";
import { Help } from "../help/help";

export type Crumb = { text: ReactNode; to?: string };

/** The frame of a page: where it stands, its heading, what can be done, its content. */
export function Page({
  title,
  crumbs = [],
  help,
  actions,
  children,
}: {
  title: string;
  crumbs?: Crumb[];
  /** What the "?" beside the heading explains. */
  help?: Concept;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();

  useEffect(() => {
    document.title = `${title} · ringwall`;
  }, [title]);

  return (
    <Flex vertical gap="middle">
      {crumbs.length > 0 && (
        <nav aria-label={t("breadcrumb")}>
          <Breadcrumb
            items={[...crumbs, { text: title }].map(({ text, to }) => ({
              title: to ? <Link to={to}>{text}</Link> : text,
            }))}
          />
        </nav>
      )}
      <Flex justify="space-between" align="center" gap="small" wrap>
        <Flex align="center" gap={4}>
          <Typography.Title level={1} style={{ margin: 0, fontSize: 22, overflowWrap: "anywhere" }}>
            {title}
          </Typography.Title>
          {help && <Help concept={help} />}
        </Flex>
        {actions && (
          <Flex gap="small" wrap>
            {actions}
          </Flex>
        )}
      </Flex>
      {children}
    </Flex>
  );
}
