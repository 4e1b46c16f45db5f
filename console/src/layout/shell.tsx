// SPDX-License-Identifier: Apache-2.0
import { MenuOutlined, QuestionCircleOutlined, UserOutlined } from "@ant-design/icons";
import { Button, Drawer, Dropdown, Flex, Layout, Menu } from "antd";
import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router-dom";
import { useEventStream } from "../api/events";
import { ChangeProvider } from "../change/review";
import { Disconnected } from "../components/elsewhere";
import { Waiting } from "../components/waiting";
import { HelpProvider, useHelp } from "../help/help";
import { type PageEntry, pages } from "../pages";
import { useMay, useSession, useSessionState } from "../session/session";
import { useNarrow } from "../theme/theme";
import { LanguageSwitch, SchemeSwitch } from "./switches";

const headings = ["inventory", "questions", "watching", "administration"] as const;

/** The frame around every page: header, menu, and the page itself in <main>. */
export default function Shell() {
  return (
    <HelpProvider>
      <ChangeProvider>
        <Frame />
      </ChangeProvider>
    </HelpProvider>
  );
}

function Frame() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const openHelp = useHelp();
  const connected = useEventStream();
  const { controllers } = useSession();
  const [menuOpen, setMenuOpen] = useState(false);
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);

  useEffect(() => setMenuOpen(false), [pathname]);

  return (
    <>
      <a className="skip-link" href="#main" onClick={() => main.current?.focus()}>
        {t("skip")}
      </a>
      <Layout style={{ minHeight: "100dvh" }}>
        <Layout.Header className="shell-header">
          <Flex align="center" gap="small" style={{ height: "100%", colorScheme: "dark" }}>
            {narrow && (
              <HeaderButton icon={<MenuOutlined />} label={t("menu")} onClick={() => setMenuOpen(true)} />
            )}
            <Link to="/clusters" style={{ color: "#fff", fontWeight: 600, fontSize: 18, display: "flex", gap: 8 }}>
              <img src="/ringwall.svg" alt="" width={24} height={24} />
              ringwall
            </Link>
            <div style={{ flex: 1 }} />
            <HeaderButton icon={<QuestionCircleOutlined />} label={t("help")} onClick={() => openHelp()} />
            <LanguageSwitch />
            <SchemeSwitch />
            <UserMenu />
          </Flex>
        </Layout.Header>
        <Layout>
          {narrow ? (
            <Drawer placement="left" open={menuOpen} onClose={() => setMenuOpen(false)} size={260} title={t("menu")}>
              <MainMenu />
            </Drawer>
          ) : (
            <Layout.Sider width={208} theme="light" className="shell-menu">
              <MainMenu />
            </Layout.Sider>
          )}
          <Layout.Content
            id="main"
            ref={main}
            tabIndex={-1}
            style={{ padding: narrow ? 12 : 24, minWidth: 0, outline: "none" }}
          >
            {!connected && <Disconnected others={controllers.slice(1)} />}
            <Suspense fallback={<Waiting />}>
              <Outlet />
            </Suspense>
          </Layout.Content>
        </Layout>
      </Layout>
    </>
  );
}

function HeaderButton(props: { icon: React.ReactNode; label: string; onClick: () => void }) {
  return <Button type="text" icon={props.icon} aria-label={props.label} onClick={props.onClick} />;
}

/** The entry whose path is the longest beginning of the address. */
export function currentPage(pathname: string, entries: PageEntry[]): string | undefined {
  return entries
    .filter(({ path, menu }) => menu && (pathname === path || pathname.startsWith(`${path}/`)))
    .sort((a, b) => b.path.length - a.path.length)[0]?.path;
}

function MainMenu() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const operator = useMay("operator");
  const admin = useMay("admin");
  const visible = pages.filter(({ role }) => !role || (role === "admin" ? admin : role !== "operator" || operator));
  const current = currentPage(pathname, pages);

  return (
    <nav aria-label={t("menu")}>
      <Menu
        mode="inline"
        style={{ borderInlineEnd: 0 }}
        selectedKeys={current ? [current] : []}
        items={headings
          .map((heading) => ({
            key: heading,
            type: "group" as const,
            label: t(`menu-heading.${heading}`),
            children: visible
              .filter(({ menu }) => menu === heading)
              .map(({ path, name }) => ({ key: path, label: <Link to={path}>{t(`pages.${name}`)}</Link> })),
          }))
          .filter(({ children }) => children.length > 0)}
      />
    </nav>
  );
}

function UserMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const { signOut } = useSessionState();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "who", label: `${session.name} · ${t(`role.${session.role}`)}`, disabled: true },
          { key: "out", label: t("sign-out"), onClick: () => void signOut() },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />} aria-label={t("account", { name: session.name })} />
    </Dropdown>
  );
}
