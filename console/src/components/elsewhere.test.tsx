// SPDX-License-Identifier: Apache-2.0
import { act, cleanup, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ApiError } from "../api/problem";
import { noteAnswer } from "../api/standby";
import chinese from "../locales/zh-CN/common.json";
import english from "../locales/en/common.json";
import { Disconnected, pageAt } from "./elsewhere";
import { ProblemAlert } from "./problem";

const standby = (active?: string) =>
  new ApiError({
    type: "urn:ringwall:problem:standby",
    title: "Another controller serves",
    status: 503,
    detail: "this controller stands by: b:8443 is active",
    hint: "Call https://b:8443, which is active.",
    ...(active && { active }),
  });

beforeAll(async () => {
  await i18next.use(initReactI18next).init({
    lng: "en",
    ns: ["common"],
    defaultNS: "common",
    resources: { en: { common: english }, "zh-CN": { common: chinese } },
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
});
beforeEach(async () => {
  window.history.replaceState(null, "", "/nodes?state=offline#x");
  await i18next.changeLanguage("en");
});
afterEach(() => {
  cleanup();
  noteAnswer();
});

const links = () => screen.queryAllByRole("link").map((link) => link.getAttribute("href"));

test("the page of another controller is the one that is shown here; what is no controller's URL leads nowhere", () => {
  const here = { pathname: "/nodes", search: "?state=offline" };
  expect(pageAt("https://b:8443", here)).toBe("https://b:8443/nodes?state=offline");
  expect(pageAt("http://[2001:db8::1]:8443", here)).toBe("http://[2001:db8::1]:8443/nodes?state=offline");
  for (const text of ["javascript:alert(1)//", "b:8443", "https://", "https://b/other", ""])
    expect(pageAt(text, here)).toBeNull();
});

test("a controller that does not answer is told, with the others to go on at", () => {
  render(<Disconnected others={["https://b:8443", "https://c:8443"]} />);
  screen.getByText(/does not answer/);
  expect(links()).toEqual(["https://b:8443/nodes?state=offline", "https://c:8443/nodes?state=offline"]);
});

test("one that stands by says so, and leads to the active one alone, until it serves again", () => {
  render(<Disconnected others={["https://b:8443", "https://c:8443"]} />);
  act(() => noteAnswer(standby("https://c:8443")));
  screen.getByText("This controller stands by: another one is active.");
  expect(links()).toEqual(["https://c:8443/nodes?state=offline"]);
  act(() => noteAnswer(standby()));
  screen.getByText(/none is active at the moment/);
  expect(links()).toHaveLength(2);
  act(() => noteAnswer());
  screen.getByText(/does not answer/);
});

test("what a standby refuses is told in the language of the page, with the way to the active one", async () => {
  await i18next.changeLanguage("zh-CN");
  render(<ProblemAlert error={standby("https://b:8443")} />);
  screen.getByText(/正在待命，在用的是另一个/);
  screen.getByText(/没有做任何更改/);
  screen.getByRole("link", { name: "前往 https://b:8443 继续" });
  expect(links()).toEqual(["https://b:8443/nodes?state=offline"]);
});
