// SPDX-License-Identifier: Apache-2.0
// "Why?", who reaches what, and promises: what the pages say is what packets do.

const { test, world, assert, axe, screenshot } = require("./harness");

const looks = async (page, name) => {
  await screenshot(page, name);
  await screenshot(page, name, { dark: true });
  await screenshot(page, name, { narrow: true });
};

test("why_names_the_rule_that_decides_and_those_that_lose", { role: "viewer" }, async ({ page }) => {
  await world.cli("rule", "add", "demo", "drop", "tcp", "443", "from", "198.51.100.0/24", "--wait");
  await page.goto("/trace");
  await page.getByText("Name two ends and a port").waitFor();
  await axe(page);
  await page.getByLabel("From").fill("198.51.100.7");
  await page.getByLabel("To", { exact: true }).fill("node-1");
  await page.getByLabel("Port").fill("443");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("Dropped: tcp").waitFor();
  const rows = page.locator("tbody tr");
  assert.match(await rows.nth(0).innerText(), /decides[^]*drop tcp 443 from 198\.51\.100\.0\/24/);
  assert.match(await rows.nth(1).innerText(), /at equal priority drop wins[^]*allow tcp 443/);
  assert.equal(await world.probe("office", "node-1", "tcp/443"), "silent");
  await axe(page);
  await looks(page, "trace");

  // The address is the question: it is kept, and renewed when rules change.
  await page.reload();
  await page.getByText("Dropped: tcp").waitFor();
  await world.cli("rule", "revoke", "demo", "drop", "tcp", "443", "from", "198.51.100.0/24", "--wait");
  await page.getByText("Allowed: tcp").waitFor();
  await world.probeUntil("answered", "office", "node-1", "tcp/443");
});

test("why_shows_both_ends_and_the_sample_of_a_rule", { role: "viewer" }, async ({ page }) => {
  await page.goto("/trace?from=node-2&to=tools-1:6379/tcp");
  await page.getByText("1 of 2").waitFor();
  await page.getByText("Out of node-2 by eth0").waitFor();
  await page.getByText("Into tools-1 by eth0").waitFor();
  await page.getByText("No rule matches: what no rule accepts").first().waitFor();

  const { items } = await world.must("GET", "/v1/security-groups/demo/rules?limit=1000");
  const https = items.find(({ ports, object }) => ports === "443/443" && object.cidr === "0.0.0.0/0");
  const { id } = await world.must("GET", "/v1/security-groups/demo");
  await page.goto(`/trace?group=${id}&rule=${https.id}`);
  await page.getByText(`${https.id} decides this packet.`).waitFor();
  assert.match(page.url(), /from=203\.0\.113\.9&to=node-\d%3A443%2Ftcp/);

  await page.goto("/trace?from=203.0.113.9&to=nobody:22");
  await page.getByRole("alert").getByText("there is no node 'nobody'").waitFor();
});

test("a_cell_of_the_matrix_opens_the_rules_that_let_its_zone_in", { role: "viewer" }, async ({ page }) => {
  await page.goto("/reach?cluster=demo");
  const cell = page.getByRole("button", { name: /Internet \(IPv4\): all → demo, tcp 443/ });
  await cell.waitFor();
  await axe(page);
  await looks(page, "reach");
  await cell.focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog");
  await drawer.getByText("allow tcp 443 from 0.0.0.0/0").waitFor();
  assert.match(page.url(), /from=internet-4&to=demo&service=tcp%2F443/);
  await axe(page);
  await screenshot(page, "reach-rules");
  await drawer.getByRole("link", { name: "Why?" }).click();
  await page.getByText("Allowed: tcp").waitFor();
  assert.equal(await world.probe("internet", "node-1", "tcp/443"), "answered");
});

test("the_picture_is_reached_by_keys_and_has_a_table", { role: "viewer" }, async ({ page }) => {
  await page.goto("/reach?view=picture&cluster=demo");
  const edge = page.locator(".react-flow__edge[aria-label*='Internet (IPv4) → demo'][tabindex='0']").first();
  await edge.waitFor();
  await axe(page);
  await looks(page, "reach-picture");
  const drawer = page.getByRole("dialog");
  // The window has just been another: while the picture is fitted anew, an edge may lose the focus.
  for (let i = 0; i < 10 && !(await drawer.isVisible()); i++) {
    await edge.press("Enter");
    await drawer.waitFor({ timeout: 2000 }).catch(() => {});
  }
  await drawer.getByText("Because of").first().waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: /^Rules: Management|^Rules: Internet \(IPv4\) → demo/ }).first().click();
  await drawer.getByText("Because of").first().waitFor();
});

test("a_promise_is_made_broken_and_deleted", { role: "operator" }, async ({ page }) => {
  await page.goto("/promises");
  await page.getByText("There are no promises yet.").waitFor();
  await axe(page);
  await page.getByRole("button", { name: "Create promise" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("never accepted").check();
  const choose = async (label, text) => {
    await form.getByLabel(label, { exact: true }).click();
    await page.keyboard.type(text);
    await page.locator(".ant-select-item-option:visible", { hasText: text }).first().click();
  };
  await choose("Network", "demo-vpc");
  await form.getByLabel("Ports").fill("9000");
  await choose("From", "203.0.113.0/24");
  await choose("To", "demo");
  await form.getByLabel("Reason").fill("<b>audit</b> 4.1");
  await axe(page);
  await form.getByRole("button", { name: "Review" }).click();
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();
  await page.getByText("Never accept tcp 9000 from 203.0.113.0/24 to demo").waitFor();
  await page.getByText("<b>audit</b> 4.1").waitFor();

  const [{ id }] = (await world.must("GET", "/v1/promises")).items;
  await world.cli("rule", "add", "demo", "allow", "tcp", "9000", "from", "203.0.113.9", "--force", `promise:${id}`);
  await page.getByText("broken", { exact: true }).waitFor();
  await page.getByText("203.0.113.9:40000 →").waitFor();
  await axe(page);
  await looks(page, "promises");
  await page.getByRole("main").getByRole("link", { name: "Why?" }).click();
  await page.getByText("Allowed: tcp").waitFor();
  await page.goBack();

  await page.getByRole("button", { name: /^Delete promise: Never accept/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("There are no promises yet.").waitFor();
  assert.deepEqual((await world.must("GET", "/v1/promises")).items, []);
});

test("a_viewer_makes_no_promise", { role: "viewer" }, async ({ page }) => {
  await page.goto("/promises");
  await page.getByText("There are no promises yet.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Create promise" }).count(), 0);
});

test("questions_are_answered_in_chinese", { role: "viewer", lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/trace?from=203.0.113.9&to=node-1:443/tcp");
  await page.getByText("允许：tcp").waitFor();
  await screenshot(page, "trace", { lang: "zh-CN" });
  await page.goto("/reach?view=picture");
  await page.getByText("公网（IPv4）").first().waitFor();
  await screenshot(page, "reach-picture", { lang: "zh-CN" });
  await page.goto("/promises");
  await page.getByText("还没有承诺").waitFor();
});
