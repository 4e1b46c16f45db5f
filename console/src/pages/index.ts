// SPDX-License-Identifier: Apache-2.0
// Every page of the console, in the order of the menu. A page is a folder beside this file with a default export
// in its index.tsx and texts in the namespace of the same name (src/locales/*/<name>.json).
import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import type { Role } from "../session/session";

export type PageEntry = {
  /** Of the address; may have parameters. */
  path: string;
  /** Folder, namespace of texts, and key of the title in common.json below "pages". */
  name: string;
  Page: LazyExoticComponent<ComponentType>;
  /** Heading of the menu under which the page stands; absent: reached by links only. */
  menu?: "inventory" | "questions" | "watching" | "administration";
  /** Who sees it; default: everybody. */
  role?: Role;
};

export const pages: PageEntry[] = [
  { path: "/clusters", name: "clusters", Page: lazy(() => import("./clusters")), menu: "inventory" },
  { path: "/clusters/:ref", name: "cluster", Page: lazy(() => import("./cluster")) },
  {
    path: "/security-groups",
    name: "security-groups",
    Page: lazy(() => import("./security-groups")),
    menu: "inventory",
  },
  { path: "/security-groups/:ref", name: "security-group", Page: lazy(() => import("./security-group")) },
  { path: "/security-groups/:ref/rules", name: "rules", Page: lazy(() => import("./rules")) },
  { path: "/prefix-lists", name: "prefix-lists", Page: lazy(() => import("./prefix-lists")), menu: "inventory" },
  { path: "/nodes", name: "nodes", Page: lazy(() => import("./nodes")), menu: "inventory" },
  { path: "/networks", name: "networks", Page: lazy(() => import("./networks")), menu: "inventory" },
  { path: "/trace", name: "trace", Page: lazy(() => import("./trace")), menu: "questions" },
  { path: "/reach", name: "reach", Page: lazy(() => import("./reach")), menu: "questions" },
  { path: "/clusters/:ref/tighten", name: "tighten", Page: lazy(() => import("./tighten")) },
  { path: "/audit", name: "audit", Page: lazy(() => import("./audit")), menu: "questions" },
  { path: "/promises", name: "promises", Page: lazy(() => import("./promises")), menu: "questions" },
  { path: "/flows", name: "flows", Page: lazy(() => import("./flows")), menu: "watching" },
  { path: "/log", name: "log", Page: lazy(() => import("./log")), menu: "watching" },
  { path: "/keys", name: "keys", Page: lazy(() => import("./keys")), menu: "administration", role: "admin" },
  { path: "/status", name: "status", Page: lazy(() => import("./status")), menu: "administration" },
];
