// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { act, cleanup, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { afterEach, beforeAll, expect, test } from "vitest";
import { ApiError } from "../api/problem";
import chinese from "../locales/zh-CN/common.json";
import english from "../locales/en/common.json";
import { ProblemAlert } from "./problem";

const used = new ApiError({
  type: "urn:ringwall:problem:in-use",
  title: "In use",
  status: 409,
  detail: "the network is used by cluster demo",
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
afterEach(cleanup);

test("a problem is told by its code where the server's words are foreign, with these below", async () => {
  render(<ProblemAlert error={used} />);
  expect(screen.queryByText(chinese["problem-kind"]["in-use"])).toBeNull();
  expect(screen.getByText("the network is used by cluster demo").getAttribute("lang")).toBeNull();
  await act(() => i18next.changeLanguage("zh-CN"));
  expect(screen.getByText(chinese["problem-kind"]["in-use"])).toBeTruthy();
  expect(screen.getByText("the network is used by cluster demo").getAttribute("lang")).toBe("en");
});

test("every type of problem that the API knows has a text", () => {
  const table = readFileSync("../docs/api.md", "utf8").split("urn:ringwall:problem:…")[1]!.split("\n## ")[0]!;
  const types = [...table.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \| \d/gm)].flatMap(([, names]) => names!.match(/[a-z-]+/g)!);
  expect(types.length).toBeGreaterThan(20);
  // Who stands by has words of its own.
  expect(Object.keys(english["problem-kind"]).sort()).toEqual(types.filter((type) => type !== "standby").sort());
});
