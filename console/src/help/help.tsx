// SPDX-License-Identifier: Apache-2.0
// The help drawer, and the small "?" beside a heading that opens it at a concept.
import { QuestionCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Concept } from "./concepts";

const HelpDrawer = lazy(() => import("./drawer"));

/** What the drawer shows: a concept, everything, or nothing as it is closed. */
export type Shown = Concept | "all" | null;

const HelpContext = createContext<(concept?: Concept) => void>(() => {});

/** Gives a function that opens the help, at a concept if it is told one. */
export const useHelp = () => useContext(HelpContext);

export function HelpProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown>(null);
  const [wanted, setWanted] = useState(false);
  const open = useCallback((concept?: Concept) => {
    setWanted(true);
    setShown(concept ?? "all");
  }, []);

  return (
    <HelpContext value={open}>
      {children}
      {/* Its texts are loaded when somebody asks for them. */}
      {wanted && (
        <Suspense fallback={null}>
          <HelpDrawer shown={shown} onClose={() => setShown(null)} />
        </Suspense>
      )}
    </HelpContext>
  );
}

/** A small "?" that explains a concept. */
export function Help({ concept }: { concept: Concept }) {
  const { t } = useTranslation("concepts", { useSuspense: false });
  const open = useHelp();
  return (
    <Button
      type="text"
      size="small"
      icon={<QuestionCircleOutlined />}
      aria-label={t("explain", { what: t(concept) })}
      onClick={() => open(concept)}
    />
  );
}
