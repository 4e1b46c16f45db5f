// SPDX-License-Identifier: Apache-2.0
// Flows: live, in the past, over time, and who talks most.
const { test, world, assert, screenshot, axe } = require("./harness");

test("flows_appear_as_nodes_see_them_and_lead_to_why_and_to_the_rule", { role: "viewer" }, async ({ page }) => {
  await page.goto("/flows");
  await page.getByText("Listening.").waitFor();
  await axe(page);
  assert.equal(await world.probe("internet", "node-1", "tcp/443"), "answered");
  assert.equal(await world.probe("internet", "node-1", "tcp/6379"), "silent");

  const accepted = page.getByRole("row").filter({ hasText: "203.0.113.9" }).filter({ hasText: "tcp 443" });
  const refused = page.getByRole("row").filter({ hasText: "203.0.113.9" }).filter({ hasText: "tcp 6379" });
  await accepted.getByText("Accepted").waitFor({ timeout: 40_000 });
  await refused.getByText("Refused").waitFor({ timeout: 40_000 });
  await refused.getByText("no rule accepts it").waitFor();
  await screenshot(page, "flows");
  await screenshot(page, "flows", { dark: true });
  await screenshot(page, "flows", { narrow: true });
  await axe(page);

  await accepted.getByRole("link", { name: /allow tcp 443/ }).click();
  await page.waitForURL(/\/security-groups\/sg-[0-9a-f]+\/rules\?rule=sgr-/);
  await page.goBack();
  // The list begins anew: what was seen is in the history.
  await page.getByRole("tab", { name: "History" }).click();
  await refused.filter({ hasText: "node-1" }).getByRole("link", { name: "Why?" }).first().click();
  await page.waitForURL(/\/trace\?from=203\.0\.113\.9&to=node-1%3A6379%2Ftcp/);
  await page.getByText("Dropped:").first().waitFor();
});

test("a_pause_holds_the_list_still_and_loses_nothing", { role: "viewer" }, async ({ page }) => {
  await page.goto("/flows?verdict=refused");
  await page.getByRole("button", { name: "Pause" }).click();
  assert.equal(await world.probe("office", "node-2", "udp/53"), "silent");
  await page.getByText(/new ones? waits?/).waitFor({ timeout: 40_000 });
  const row = page.getByRole("row").filter({ hasText: "udp 53" });
  assert.equal(await row.count(), 0);
  await page.getByRole("button", { name: "Go on" }).click();
  await row.first().waitFor();
});

test("the_past_is_filtered_by_the_address", { role: "viewer" }, async ({ page }) => {
  const { items } = await world.must("GET", "/v1/flows?limit=1000");
  assert.ok(items.length > 0);
  await page.goto("/flows?tab=history&verdict=refused&port=6379&protocol=tcp");
  const rows = page.getByRole("row").filter({ hasText: "tcp 6379" });
  await rows.first().waitFor();
  assert.equal(await page.getByRole("row").filter({ hasText: "tcp 443" }).count(), 0);
  await page.getByText("New flows and refused packets by day").waitFor();
  await axe(page);

  await page.getByRole("button", { name: "Clear the filters" }).click();
  await page.waitForURL((url) => !url.search.includes("port"));
  await page.getByRole("row").filter({ hasText: "tcp 443" }).first().waitFor();
  await screenshot(page, "flows-history");
  await screenshot(page, "flows-history", { narrow: true });
  await axe(page);
});

test("top_talkers_and_the_chart_say_the_same_as_the_api", { role: "viewer" }, async ({ page }) => {
  await page.goto("/flows?tab=top");
  const remotes = page.locator(".ant-card").filter({ hasText: "By remote" });
  const row = remotes.getByRole("row").filter({ hasText: "203.0.113.9" });
  await row.waitFor();
  const { items } = await world.must("GET", "/v1/flows?limit=1000");
  const sum = items.filter(({ remote }) => remote === "203.0.113.9").reduce((all, { count }) => all + Number(count), 0);
  await row.getByText(String(sum), { exact: true }).waitFor();
  await screenshot(page, "flows-top");
  await screenshot(page, "flows-top", { dark: true });
  await axe(page);

  await page.getByText("Table", { exact: true }).click();
  await page.getByRole("columnheader", { name: "Time" }).waitFor();
  const series = await world.must("GET", "/v1/flows/series");
  const total = series.refused.reduce((all, count) => all + count, 0);
  const told = await page.locator(".ant-card").filter({ hasText: "of the last 24 hours" }).getByRole("row").locator("td:nth-child(3)").allTextContents();
  assert.equal(told.reduce((all, text) => all + Number(text.replace(/\D/g, "")), 0), total);
  await axe(page);
});

test("flows_speak_chinese", { role: "viewer", lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/flows?tab=history");
  await page.getByText("决定依据").first().waitFor();
  await screenshot(page, "flows-history", { lang: "zh-CN" });
});
