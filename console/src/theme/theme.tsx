// SPDX-License-Identifier: Apache-2.0
import { App as AntApp, ConfigProvider, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { nonce } from "./nonce";
import { components, type Scheme, tokens } from "./palette";

export type { Scheme };

/** "auto" follows the system. */
export type SchemeChoice = Scheme | "auto";

const KEPT = "ringwall.scheme";
const SchemeContext = createContext<{
  scheme: Scheme;
  choice: SchemeChoice;
  choose: (choice: SchemeChoice) => void;
}>({ scheme: "light", choice: "auto", choose: () => {} });

export const useScheme = () => useContext(SchemeContext);

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const change = () => setMatches(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, [query]);
  return matches;
}

/** Narrower than this, tables become cards. */
export const useNarrow = () => useMedia("(max-width: 767px)");

/** Colours, language of Ant Design's own texts, and the nonce with which it may add styles. */
export function Theme({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const systemDark = useMedia("(prefers-color-scheme: dark)");
  const stillness = useMedia("(prefers-reduced-motion: reduce)");
  const [choice, setChoice] = useState<SchemeChoice>(
    () => (localStorage.getItem(KEPT) as SchemeChoice | null) ?? "auto",
  );
  const scheme: Scheme = choice === "auto" ? (systemDark ? "dark" : "light") : choice;

  useEffect(() => {
    document.documentElement.dataset.scheme = scheme;
    document.documentElement.style.colorScheme = scheme;
  }, [scheme]);

  const context = useMemo(
    () => ({
      scheme,
      choice,
      choose: (next: SchemeChoice) => {
        localStorage.setItem(KEPT, next);
        setChoice(next);
      },
    }),
    [scheme, choice],
  );

  return (
    <SchemeContext value={context}>
      <ConfigProvider
        locale={i18n.language === "zh-CN" ? zhCN : enUS}
        csp={nonce ? { nonce } : undefined}
        theme={{
          algorithm: scheme === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
          token: { motion: !stillness, ...tokens[scheme] },
          components: components[scheme],
        }}
      >
        <AntApp>{children}</AntApp>
      </ConfigProvider>
    </SchemeContext>
  );
}
