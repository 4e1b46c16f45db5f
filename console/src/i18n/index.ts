// SPDX-License-Identifier: Apache-2.0
// Texts live in src/locales/<language>/<namespace>.json, a namespace a page; each is loaded when it is used.
import i18next, { type BackendModule } from "i18next";
import { initReactI18next } from "react-i18next";

export const languages = { en: "English", "zh-CN": "简体中文" } as const;
export type Language = keyof typeof languages;

/** What the server says of itself, it says in English: where there is a code beside, other languages go by that. */
export const isServers = (language: string): boolean => language === "en";

const files = import.meta.glob<{ default: Record<string, unknown> }>("../locales/*/*.json");

const backend: BackendModule = {
  type: "backend",
  init() {},
  read(language, namespace, callback) {
    const load = files[`../locales/${language}/${namespace}.json`];
    if (!load) return callback(new Error(`no texts ${language}/${namespace}`), false);
    load().then(
      (file) => callback(null, file.default),
      (error: Error) => callback(error, false),
    );
  },
};

const KEPT = "ringwall.language";

/** What was chosen here before, else what the browser prefers. */
export function firstLanguage(kept: string | null, preferred: readonly string[]): Language {
  if (kept && kept in languages) return kept as Language;
  const prefers = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return prefers && /^zh/i.test(prefers) ? "zh-CN" : "en";
}

export async function setUpTexts() {
  i18next.on("languageChanged", (language) => {
    document.documentElement.lang = language;
    localStorage.setItem(KEPT, language);
  });
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: firstLanguage(localStorage.getItem(KEPT), navigator.languages),
      fallbackLng: "en",
      load: "currentOnly",
      ns: ["common"],
      defaultNS: "common",
      interpolation: { escapeValue: false }, // React escapes
      showSupportNotice: false, // the console belongs to the people who run it
    });
}
