// SPDX-License-Identifier: Apache-2.0
// The log of changes, keys and roles, status, and the help.
const { test, world, assert, open, screenshot, axe } = require("./harness");

test("the_log_tells_who_changed_what_from_where_before_and_after", { role: "viewer" }, async ({ page }) => {
  await world.must("POST", "/v1/prefix-lists", { name: "logged", family: 4, cidrs: ["10.9.0.0/16", "10.8.0.0/16"] }, { key: world.keys.operator });
  await page.goto("/log");
  const entry = page.getByRole("article").filter({ hasText: "logged" }).first();
  await entry.waitFor();
  // Live: no reload.
  await world.must("PATCH", "/v1/prefix-lists/logged", { cidrs: ["10.9.0.0/16", "10.7.0.0/16"] }, { key: world.keys.operator });
  const changed = page.getByRole("article").filter({ hasText: /^Change prefix list/ }).filter({ hasText: "logged" }).first();
  await changed.getByRole("button", { name: "Show what changed" }).click();
  await changed.locator("del", { hasText: "10.8.0.0/16" }).waitFor();
  await changed.locator("ins", { hasText: "10.7.0.0/16" }).waitFor();
  assert.equal(await changed.getByText("10.9.0.0/16").count(), 0);
  await screenshot(page, "log");
  await screenshot(page, "log", { dark: true });
  await screenshot(page, "log", { narrow: true });
  await axe(page);

  await changed.getByRole("link", { name: "operator" }).click();
  await page.waitForURL(/who=operator/);
  await page.getByRole("article").filter({ hasText: "admin" }).first().waitFor({ state: "detached" });
  assert.ok((await page.getByRole("article").count()) >= 2);
  await page.getByLabel("Action, such as rules").fill("create");
  await page.getByLabel("Action, such as rules").press("Enter");
  await page.waitForURL(/action=create/);
  await changed.waitFor({ state: "detached" });
});

test("the_log_names_guards_that_were_overruled", { role: "viewer" }, async ({ page }) => {
  const rules = { rules: ["drop tcp 22 from any priority 1"] };
  const refused = await world.api("POST", "/v1/security-groups/demo/rules", rules);
  assert.equal(refused.status, 409);
  const guards = [...new Set(refused.json.guards.map(({ id }) => id))];
  await world.must("POST", `/v1/security-groups/demo/rules?force=${guards.join(",")}`, rules);
  await page.goto("/log?action=rules");
  const entry = page.getByRole("article").first();
  for (const guard of guards) await entry.getByText(`overruled: ${guard}`).waitFor();
  await axe(page);
});

test("a_key_is_shown_once_signs_in_and_its_end_signs_out", async ({ page }) => {
  await page.goto("/keys");
  await page.getByText("What each role may do").waitFor();
  await screenshot(page, "keys");
  await screenshot(page, "keys", { narrow: true });
  await axe(page);
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await dialog.getByText("Enter a name.").waitFor();
  await dialog.getByLabel("Name").fill("alice <b>x</b>");
  await dialog.getByLabel(/operator/).check();
  await screenshot(page, "keys-create");
  await axe(page);
  await dialog.getByRole("button", { name: "Create key" }).click();
  await dialog.getByText("This key is shown this once").waitFor();
  const key = (await dialog.locator("code").textContent()).trim();
  assert.match(key, /^k-[0-9a-f]+\.[\w-]{43}$/);
  await axe(page);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("row").filter({ hasText: "alice <b>x</b>" }).filter({ hasText: "operator" }).waitFor();
  assert.ok(!(await page.content()).includes(key.split(".")[1]), "the secret is still in the page");

  const other = await open({ role: null });
  try {
    await other.page.goto("/clusters");
    await other.page.getByLabel("Key").fill(key);
    await other.page.getByRole("button", { name: "Sign in" }).click();
    await other.page.getByRole("link", { name: "demo" }).first().waitFor();
    assert.equal(await other.page.getByRole("link", { name: "Keys and roles" }).count(), 0, "an operator sees the keys");

    await page.getByRole("button", { name: "Revoke alice" }).click();
    await page.getByText(/is refused from that moment on/).waitFor();
    await axe(page);
    await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("row").filter({ hasText: "alice" }).waitFor({ state: "detached" });
    await other.page.getByRole("button", { name: "Sign in" }).waitFor({ timeout: 30_000 });
  } finally {
    await other.context.close();
  }
});

test("the_status_tells_versions_states_and_certificates", { role: "viewer" }, async ({ page }) => {
  const { items, version } = await world.must("GET", "/v1/status");
  await page.goto("/status");
  for (const { name } of items) await page.getByRole("row").filter({ hasText: name }).getByText("good").waitFor();
  await page.getByText(`${version} on ${items.length} nodes`).waitFor();
  await screenshot(page, "status");
  await screenshot(page, "status", { dark: true });
  await screenshot(page, "status", { narrow: true });
  await axe(page);
});

test("help_opens_at_a_concept_and_is_searched", { role: "viewer" }, async ({ page }) => {
  await page.goto("/log");
  await page.getByRole("button", { name: "What is this? Log of changes" }).click();
  const help = page.getByRole("dialog", { name: "What the words mean" });
  await help.getByText("Who changed what, when and from where").waitFor();
  await axe(page);
  await help.getByRole("searchbox").fill("authorization object");
  await help.getByText("The other end of a rule").waitFor();
  assert.equal(await help.getByText("Who changed what, when and from where").count(), 0);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
});

test("administration_speaks_chinese", { lang: "zh-CN" }, async ({ page }) => {
  for (const [address, text, name] of [["/log", "变更日志", "log"], ["/keys", "各角色的权限", "keys"], ["/status", "颁发机构证书", "status"]]) {
    await page.goto(address);
    await page.getByText(text).first().waitFor();
    await screenshot(page, name, { lang: "zh-CN" });
  }
});
