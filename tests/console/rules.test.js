// SPDX-License-Identifier: Apache-2.0
// The rules of a security group: what the page changes is what packets meet, and what it forecast.

const { test, world, assert, axe, screenshot } = require("./harness");

const OFFICE = world.addresses.office.eth0[0];
const INTERNET = world.addresses.internet.eth0[0];

const openRules = async (page, group, query = "") => {
  await page.goto(`/security-groups/${group}/rules${query}`);
  await page.getByRole("status").filter({ hasText: /rule|规则/ }).waitFor();
};

/** Types into a field that takes several words. */
const enter = async (page, label, ...words) => {
  const field = page.getByRole("combobox", { name: label });
  await field.click();
  for (const word of words) await field.pressSequentially(`${word},`);
};

const choose = async (page, label, option) => {
  const field = page.getByRole("combobox", { name: label });
  await field.click();
  await field.pressSequentially(option);
  await page.getByTitle(option).first().click();
  await page.keyboard.press("Escape");
};

/** The form up to its review: object is {any}, {cidrs}, {group} or {list}. */
async function fillRule(page, { ports, object, policy = "Allow", description = "" }) {
  await page.getByRole("button", { name: "Add rule" }).click();
  const form = page.getByRole("dialog", { name: /^Add rules/ });
  await form.getByText(policy, { exact: true }).click();
  await enter(page, "Port range", ...ports);
  if (object.any) await form.getByText("Anywhere", { exact: true }).click();
  if (object.cidrs) await enter(page, "Addresses or prefixes", ...object.cidrs);
  if (object.group) {
    await form.getByText("Security group", { exact: true }).click();
    await choose(page, "Security groups", object.group);
  }
  if (object.list) {
    await form.getByText("Prefix list", { exact: true }).click();
    await choose(page, "Prefix lists", object.list);
  }
  if (description) await form.getByLabel("Description").fill(description);
  await form.getByRole("button", { name: "Review" }).click();
}

const panel = (page, title) => page.getByRole("dialog", { name: title });

/** Applies what is under review, waits until all of `count` nodes enforce it, and leaves the panel. */
async function apply(page, title, count = 3, button = "Apply") {
  await panel(page, title).getByRole("button", { name: button }).click();
  await panel(page, title).getByText(`Enforced on ${count} of ${count} node`).first().waitFor();
  await leave(page, title);
}

async function leave(page, title) {
  await panel(page, title).getByRole("button", { name: "Close" }).last().click();
  await panel(page, title).waitFor({ state: "hidden" });
}

const row = (page, text) => page.getByRole("row").filter({ hasText: text });

/** "opens tcp 6379 from 198.51.100.7/32" of each difference of a dry run. */
function trafficOf({ traffic }) {
  return traffic.items.map(({ change, direction, protocol, ports, remotes }) => {
    const shown = ports.map((range) => range.split("/")).map(([first, last]) => (first === last ? first : `${first}-${last}`));
    return `${change} ${protocol} ${shown.join(", ")} ${direction === "ingress" ? "from" : "to"} ${remotes.join(", ")}`;
  });
}

async function trafficOn(dialog) {
  const found = [];
  for (const [change, heading] of [["opens", "Opens"], ["closes", "Closes"]]) {
    const items = dialog.locator("section").filter({ has: dialog.page().getByRole("heading", { name: heading }) }).getByRole("listitem");
    for (const item of await items.all()) found.push(`${change} ${(await item.locator("div").first().innerText()).trim()}`);
  }
  return found;
}

test("a_rule_of_a_cidr_is_added_edited_cloned_and_deleted", { role: "operator" }, async ({ page }) => {
  await page.goto("/security-groups");
  await page.getByRole("link", { name: "demo", exact: true }).first().click();
  await page.getByRole("tab", { name: "Security Group Rules" }).click();
  await page.getByText("What no rule accepts is dropped.").waitFor();
  await axe(page);
  await screenshot(page, "rules");
  await screenshot(page, "rules", { dark: true });
  assert.equal(await world.probe("office", "node-1", "tcp/6379"), "silent");

  await fillRule(page, { ports: ["6379"], object: { cidrs: [`${OFFICE}/32`] }, description: "cache for the office" });
  const add = panel(page, "Add 1 rule to demo");
  await add.getByRole("heading", { name: "Opens" }).waitFor();
  const body = { rules: [{ direction: "ingress", policy: "accept", protocol: "tcp", ports: "6379/6379", object: { cidr: `${OFFICE}/32` } }] };
  const forecast = await world.must("POST", "/v1/security-groups/demo/rules?dry_run=true", body);
  assert.deepEqual(await trafficOn(add), trafficOf(forecast));
  await axe(page);
  await screenshot(page, "rules-review");
  assert.equal(await world.probe("office", "node-1", "tcp/6379"), "silent", "a review changed something");
  await apply(page, "Add 1 rule to demo");
  await world.probeUntil("answered", "office", "node-1", "tcp/6379");
  assert.equal(await world.probe("internet", "node-1", "tcp/6379"), "silent");

  await row(page, "cache for the office").getByRole("button", { name: /^Clone/ }).click();
  const clone = page.getByRole("dialog", { name: /^Clone a rule/ });
  await page.getByRole("combobox", { name: "Addresses or prefixes" }).press("Backspace");
  await enter(page, "Addresses or prefixes", `${INTERNET}/32`);
  await clone.getByRole("button", { name: "Review" }).click();
  await apply(page, "Add 1 rule to demo");
  await world.probeUntil("answered", "internet", "node-1", "tcp/6379");

  await row(page, `${INTERNET}/32`).getByRole("button", { name: /^Edit/ }).click();
  const edit = page.getByRole("dialog", { name: /^Edit a rule/ });
  await edit.getByText("Drop", { exact: true }).click();
  await edit.getByRole("button", { name: "Review" }).click();
  await apply(page, "Change a rule of demo");
  await world.probeUntil("silent", "internet", "node-1", "tcp/6379");
  assert.equal(await world.probe("office", "node-1", "tcp/6379"), "answered");

  await page.getByRole("checkbox", { name: new RegExp(`^Select allow tcp 6379 from ${OFFICE}`) }).check();
  await page.getByRole("checkbox", { name: new RegExp(`^Select drop tcp 6379 from ${INTERNET}`) }).check();
  await page.getByRole("button", { name: "Delete 2 rules" }).click();
  const title = "Delete 2 rules of demo";
  await panel(page, title).getByRole("heading", { name: "Closes" }).waitFor();
  await panel(page, title).getByRole("button", { name: "Delete 2 rules" }).click();
  await panel(page, title).getByText("Enforced on 3 of 3 nodes").first().waitFor();
  await world.probeUntil("silent", "office", "node-1", "tcp/6379");

  // And back again, as the panel offers.
  await panel(page, title).getByRole("button", { name: "Undo" }).click();
  await panel(page, "Add 2 deleted rules of demo again").getByRole("heading", { name: "Opens" }).waitFor();
  await apply(page, "Add 2 deleted rules of demo again");
  await world.probeUntil("answered", "office", "node-1", "tcp/6379");
  for (const address of [OFFICE, INTERNET]) {
    await row(page, `${address}/32`).getByRole("button", { name: /^Delete/ }).click();
    await apply(page, "Delete 1 rule of demo", 3, "Delete 1 rule");
  }
  await world.probeUntil("silent", "office", "node-1", "tcp/6379");
});

test("rules_name_groups_prefix_lists_and_everybody", { role: "operator" }, async ({ page }) => {
  await page.goto("/prefix-lists");
  await page.getByRole("button", { name: "Create prefix list" }).click();
  await page.getByLabel("Name", { exact: true }).fill("partners");
  await page.getByLabel("Prefixes", { exact: true }).fill(`${INTERNET}/32`);
  await axe(page);
  await page.getByRole("button", { name: "Review" }).click();
  const made = panel(page, "Create prefix list partners");
  await made.getByRole("button", { name: "Apply" }).click();
  await made.getByText("No managed node is concerned").waitFor();
  await leave(page, "Create prefix list partners");
  await page.getByText(`${INTERNET}/32`).waitFor();
  await screenshot(page, "prefix-lists");
  await screenshot(page, "prefix-lists", { narrow: true });

  await openRules(page, "demo");
  await fillRule(page, { ports: ["6379"], object: { group: "tools" } });
  await apply(page, "Add 1 rule to demo");
  await world.probeUntil("answered", "tools-1", "node-1", "tcp/6379");
  assert.equal(await world.probe("internet", "node-1", "tcp/6379"), "silent");

  await fillRule(page, { ports: ["6379"], object: { list: "partners" } });
  await apply(page, "Add 1 rule to demo");
  await world.probeUntil("answered", "internet", "node-1", "tcp/6379");
  assert.equal(await world.probe("office", "node-1", "tcp/6379"), "silent");

  // The list changes, and with it what the rule means.
  await page.goto("/prefix-lists");
  await page.getByRole("button", { name: "Edit partners" }).click();
  await page.getByLabel("Prefixes", { exact: true }).fill(`${OFFICE}/32`);
  await page.getByRole("button", { name: "Review" }).click();
  await apply(page, "Edit prefix list partners");
  await world.probeUntil("answered", "office", "node-1", "tcp/6379");
  await world.probeUntil("silent", "internet", "node-1", "tcp/6379");
  await page.getByRole("button", { name: "Delete partners" }).click();
  await panel(page, "Delete prefix list partners").getByText("Used by").first().waitFor();
  await panel(page, "Delete prefix list partners").getByRole("button", { name: "Cancel" }).click();

  // Everybody: a drop for all closes what the default rules opened; undo opens it again.
  await openRules(page, "demo");
  await fillRule(page, { ports: ["443"], object: { any: true }, policy: "Drop" });
  const title = "Add 2 rules to demo";
  await panel(page, title).getByRole("heading", { name: "Closes" }).waitFor();
  await panel(page, title).getByRole("button", { name: "Apply" }).click();
  await panel(page, title).getByText("Enforced on 3 of 3 nodes").first().waitFor();
  await world.probeUntil("silent", "internet", "node-1", "tcp/443");
  await world.probeUntil("silent", "internet", "node-1", "tcp/443", { family: 6 });
  await panel(page, title).getByRole("button", { name: "Undo" }).click();
  await apply(page, "Take back 2 added rules of demo");
  await world.probeUntil("answered", "internet", "node-1", "tcp/443");
  await world.must("POST", "/v1/security-groups/demo/rules/revoke", { rules: ["allow tcp 6379 from group:tools", "allow tcp 6379 from prefix-list:partners"] });
});

test("a_change_that_locks_people_out_is_refused_and_explained", { role: "operator" }, async ({ page }) => {
  await openRules(page, "demo");
  await fillRule(page, { ports: ["22"], object: { any: true }, policy: "Drop" });
  const review = panel(page, "Add 2 rules to demo");
  const box = review.getByRole("checkbox", { name: /management-ssh was overruled/ });
  await box.waitFor();
  // Why, an example, what to do, and what it would close; nothing can be applied unless it is meant.
  await review.getByText("Keep a rule that accepts SSH").first().waitFor();
  await review.getByRole("heading", { name: "Closes" }).waitFor();
  assert.ok(await review.getByRole("button", { name: "Apply" }).isDisabled());
  await axe(page);
  await screenshot(page, "rules-refused");
  await box.check();
  for (const other of await review.getByRole("checkbox", { name: /was overruled/ }).all()) await other.check();
  assert.ok(await review.getByRole("button", { name: "Apply" }).isEnabled());
  await review.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await world.probe("office", "node-1", "tcp/22"), "answered");

  // Nor does anybody open a database to the internet without being told.
  await page.getByRole("button", { name: "Cancel" }).click();
  await fillRule(page, { ports: ["6379"], object: { any: true } });
  await panel(page, "Add 2 rules to demo").getByText(/Redis is open to the internet/).first().waitFor();
  assert.ok(await panel(page, "Add 2 rules to demo").getByRole("button", { name: "Apply" }).isDisabled());
});

test("live_flows_that_a_change_refuses_are_told_and_may_go_on", { role: "operator" }, async ({ page }) => {
  await world.must("POST", "/v1/security-groups/demo/rules?wait=20s", { rules: [`allow tcp 6379 from ${OFFICE}`] });
  await world.probeUntil("answered", "office", "node-1", "tcp/6379");
  const held = await world.hold("office", "node-1", "tcp/6379");
  await openRules(page, "demo", "?q=6379");
  await row(page, `${OFFICE}/32`).getByRole("button", { name: /^Delete/ }).click();
  const review = panel(page, "Delete 1 rule of demo");
  await review.getByText(/refused by this/).waitFor();
  await review.getByText(`tcp ${OFFICE}:`).first().waitFor();
  await axe(page);
  await screenshot(page, "rules-flows");
  await review.getByText("Let them go on until they end").click();
  await apply(page, "Delete 1 rule of demo", 3, "Delete 1 rule");
  await world.probeUntil("silent", "office", "node-1", "tcp/6379");
  assert.ok(await held.alive());
  await held.close();
});

test("rules_go_out_as_json_and_come_back", { role: "operator" }, async ({ page }) => {
  await openRules(page, "tools");
  const before = (await world.must("GET", "/v1/security-groups/tools/rules?limit=1000")).items;
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByLabel("Rules as JSON").fill(JSON.stringify({ rules: ["allow tcp 5432 from 10.80.0.0/24 # replicas", "drop udp 53 to any priority 3"] }));
  await page.getByText("2 rules found.").waitFor();
  await axe(page);
  await page.getByRole("button", { name: "Review" }).click();
  await panel(page, "Import 2 rules into tools").getByText("allow tcp 5432 from 10.80.0.0/24").waitFor();
  await apply(page, "Import 2 rules into tools", 1);
  await row(page, "replicas").waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const path = await (await download).path();
  const exported = JSON.parse(require("node:fs").readFileSync(path, "utf8"));
  assert.equal(exported.rules.length, before.length + 3); // "any" is both families
  // It is a file as the command line takes it, and says what is.
  assert.equal((await world.must("POST", "/v1/apply?dry_run=true", exported)).changed, false);

  await page.getByRole("button", { name: "Import" }).click();
  await page.getByLabel("Rules as JSON").fill('{"rules": [7]}');
  await page.getByText("This is no rule").waitFor();
  assert.ok(await page.getByRole("button", { name: "Review" }).isDisabled());
});

test("of_many_rules_only_those_in_sight_are_drawn", { role: "operator" }, async ({ page }) => {
  for (const step of [0, 1, 2]) {
    const rules = Array.from({ length: 100 }, (_, number) => `allow tcp ${1000 + step * 100 + number} from 10.80.0.0/24 priority ${step + 2}`);
    await world.must("POST", "/v1/security-groups/tools/rules", { rules });
  }
  await openRules(page, "tools", "?sort=ports");
  await page.getByText("1000", { exact: true }).waitFor();
  assert.ok((await page.locator(".ant-table-row").count()) < 100);
  await axe(page);
  // The last of them is reached by scrolling, and so is the default behind it.
  await page.waitForFunction(() => {
    // Rows learn their height when they are drawn, so the end moves a little.
    const holder = document.querySelector(".ant-table-tbody-virtual-holder");
    holder.scrollTo(0, holder.scrollHeight);
    return holder.innerText.includes("What no rule accepts is dropped.");
  });
  // More of them than one request takes go at once, and come back.
  await page.getByRole("checkbox", { name: "Select all", exact: true }).check();
  await page.getByRole("button", { name: /^(delete )?Delete 30\d rules/ }).click();
  const review = page.getByRole("dialog", { name: /^Delete 30\d rules of tools/ });
  await review.getByRole("heading", { name: "Closes" }).waitFor();
  await review.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("combobox", { name: "Policy" }).waitFor();
});

test("what_others_wrote_stays_text", { role: "operator" }, async ({ page }) => {
  const nasty = '<img src=x onerror="alert(1)">"><script>alert(2)</script>';
  await world.must("POST", "/v1/security-groups/tools/rules", { rules: [{ direction: "ingress", policy: "accept", protocol: "tcp", ports: "7007/7007", object: { cidr: "10.80.0.0/24" }, description: nasty }] });
  await world.must("PATCH", "/v1/security-groups/tools", { description: nasty });
  await openRules(page, "tools", "?q=7007");
  await page.getByText(nasty).waitFor();
  await page.goto("/security-groups/tools");
  await page.getByText(nasty).waitFor();
  await page.goto("/security-groups/tools?tab=history");
  await page.getByText(nasty).first().waitFor();
  await page.goto(`/security-groups?q=${encodeURIComponent(nasty)}`);
  await page.getByText(nasty).first().waitFor();
  await world.must("PATCH", "/v1/security-groups/tools", { description: "free-standing helpers" });
});

test("a_classic_group_has_four_tables", { role: "viewer", lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/security-groups/legacy/rules");
  for (const name of [/^内网入方向/, /^内网出方向/, /^公网入方向/, /^公网出方向/]) await page.getByRole("tab", { name }).waitFor();
  await page.getByRole("tab", { name: /^公网入方向/ }).click();
  await page.getByText("没有规则允许的流量一律丢弃").waitFor();
  for (const heading of ["授权策略", "协议类型", "端口范围", "授权类型", "授权对象", "优先级", "描述", "创建时间"])
    await page.getByRole("columnheader", { name: heading }).waitFor();
  // Who may only look sees no way to change.
  assert.equal(await page.getByRole("button", { name: /添加规则|导入|删除/ }).count(), 0);
  await axe(page);
  await screenshot(page, "rules-classic", { lang: "zh-CN" });
});

test("on_a_phone_rules_are_cards_that_are_added_and_deleted", { role: "operator", narrow: true }, async ({ page }) => {
  await openRules(page, "tools");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await fillRule(page, { ports: ["9000-9010"], object: { cidrs: ["10.80.0.0/24"] }, description: "from a phone" });
  await apply(page, "Add 1 rule to tools", 1);
  await page.getByText("from a phone").waitFor();
  await page.mouse.move(0, 0); // off what says more when it is pointed at
  await axe(page);
  await screenshot(page, "rules", { narrow: true });
  await page.getByRole("button", { name: /^Delete allow tcp 9000-9010/ }).click();
  await apply(page, "Delete 1 rule of tools", 1, "Delete 1 rule");
  await page.getByText("from a phone").waitFor({ state: "hidden" });
});
