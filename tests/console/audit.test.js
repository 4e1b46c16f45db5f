// SPDX-License-Identifier: Apache-2.0
// From what the audit finds to a cluster that is closed: audit, tighten, and packets that tell.

const { test, world, assert, axe, screenshot } = require("./harness");

const looks = async (page, name) => {
  await screenshot(page, name);
  await screenshot(page, name, { dark: true });
  await screenshot(page, name, { narrow: true });
};

/** Asks until the condition holds, up to a generous limit. */
async function until(what, condition) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(what);
}

const openEverything = () =>
  world.cli("rule", "add", "legacy", "allow", "all", "from", "any", "nic", "internet", "--force", "finding:all-ports-open", "--wait");

const internet = { interface: "eth1" };

test("a_finding_is_explained_accepted_and_found_again", { role: "operator" }, async ({ page }) => {
  await world.cli("rule", "add", "demo", "allow", "tcp", "6379", "from", "any", "--force", "finding:open-redis");
  await page.goto("/audit?cluster=demo&check=open-redis");
  const row = page.getByRole("row", { name: /Redis is open to the internet/ });
  await row.waitFor();
  await axe(page);
  await row.getByText("Redis is open to the internet").click();
  await page.getByText("Strangers can talk to it").waitFor();
  await page.getByText("allow tcp 6379 from 0.0.0.0/0").waitFor();
  await axe(page);
  await looks(page, "audit");

  await row.getByRole("button", { name: /^Accept/ }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("button", { name: "Accept" }).click();
  await form.getByText("Say why this is accepted.").waitFor();
  await form.getByLabel("Reason").fill("<img src=x onerror=alert(1)> until May");
  await axe(page);
  await form.getByRole("button", { name: "Accept" }).click();
  await page.getByText("Nothing was found that matches.").waitFor();

  await page.getByRole("tab", { name: /^Accepted/ }).click();
  await page.getByText("<img src=x onerror=alert(1)> until May").waitFor();
  await axe(page);
  await screenshot(page, "audit-accepted");
  await page.getByRole("button", { name: /^Remove: / }).click();
  await page.getByRole("tooltip").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nothing is accepted.").waitFor();
  await page.getByRole("tab", { name: /^Findings/ }).click();
  await page.getByText("Redis is open to the internet").waitFor();
});

test("the_filter_of_findings_stands_in_the_address", { role: "viewer" }, async ({ page }) => {
  await page.goto("/audit?severity=info");
  await page.getByText("HTTP is open to the internet").first().waitFor();
  const high = page.getByRole("button", { name: /high/ });
  await high.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /high/, pressed: true }).waitFor();
  assert.match(page.url(), /severity=high/);
  assert.equal(await page.getByRole("button", { name: /^Accept/ }).count(), 0, "a viewer accepts nothing");
  await page.getByRole("tab", { name: /^Not judged/ }).click();
  await axe(page);
});

test("an_open_cluster_is_tightened_step_by_step_and_undone", { role: "operator" }, async ({ page }) => {
  await openEverything();
  // Somebody uses a service that no rule but the one for everything opens; and knocks where nobody listens.
  for (const service of ["tcp/6379", "tcp/6379", "tcp/443", "tcp/9999"])
    await world.probe("internet", "node-old", service, internet);
  await until("no flow was reported", async () => {
    const { steps } = await world.must("GET", "/v1/clusters/legacy/tighten");
    return JSON.stringify(steps).includes("6379/6379") && JSON.stringify(steps).includes("9999");
  });

  await page.goto("/audit?cluster=legacy&severity=critical");
  await page.getByRole("row", { name: /Every port is open to the internet/i }).getByRole("button", { name: "Tighten" }).click();
  await page.getByRole("heading", { name: "Tighten legacy" }).waitFor();
  await axe(page);
  await looks(page, "tighten-evidence");

  await page.getByRole("button", { name: "To the plan" }).click();
  await page.getByText("allow tcp 6379 from 203.0.113.9/32").first().waitFor();
  await page.getByText("nobody listens on the port on node-old").first().waitFor();
  await axe(page);
  await looks(page, "tighten-plan");

  await page.getByRole("button", { name: "Put it on trial" }).click();
  await page.getByRole("button", { name: "From now on" }).click();
  await page.getByText(/No flow was reported since then|flows? judged|would have refused/).first().waitFor();
  await world.probe("internet", "node-old", "tcp/9998", internet);
  // Without any reload: what nodes report is judged as it comes.
  await page.getByRole("cell", { name: "tcp 9998" }).waitFor({ timeout: 60_000 });
  await axe(page);
  await looks(page, "tighten-stage");

  await page.getByRole("button", { name: "Carry it out" }).click();
  await axe(page);
  await looks(page, "tighten-apply");
  await applyAll(page);
  await world.probeUntil("silent", "office", "node-old", "tcp/6379", internet);
  assert.equal(await world.probe("internet", "node-old", "tcp/6379", internet), "answered");
  assert.equal(await world.probe("office", "node-old", "tcp/443", internet), "answered");
  await page.getByRole("link", { name: "See in the audit that it is closed" }).waitFor();
  await screenshot(page, "tighten-done");

  await page.getByRole("button", { name: "Undo all steps" }).click();
  const drawer = page.getByRole("dialog");
  const box = drawer.getByRole("checkbox").first();
  await box.waitFor();
  for (const one of await drawer.getByRole("checkbox").all()) await one.check();
  await axe(page);
  await drawer.getByRole("button", { name: "Undo all steps" }).click();
  await drawer.getByText(/Enforced on 1 of 1/).waitFor();
  await world.probeUntil("answered", "office", "node-old", "tcp/6379", internet);
});

const TITLES = {
  icmp: "Accept ICMP",
  ports: "Accept what is needed directly",
  "close-internet": "Close the internet table",
};

/** Carries out the steps one by one, each by its review. */
async function applyAll(page) {
  const { steps } = await world.must("GET", "/v1/clusters/legacy/tighten");
  assert.ok(steps.length >= 2, JSON.stringify(steps));
  for (const [index, { step }] of steps.entries()) {
    const item = page.getByRole("listitem").filter({ hasText: TITLES[step] });
    await item.getByRole("button", { name: "Review and apply" }).click();
    const drawer = page.getByRole("dialog");
    const apply = drawer.getByRole("button", { name: "Apply", exact: true });
    await apply.waitFor();
    if (index === steps.length - 1) await screenshot(page, "tighten-review");
    await apply.click();
    await drawer.getByText(/Enforced on 1 of 1/).waitFor();
    await drawer.getByRole("button", { name: "Close", exact: true }).last().click();
    await drawer.waitFor({ state: "hidden" });
  }
}

test("the_audit_speaks_chinese", { role: "viewer", lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/audit");
  await page.getByText("HTTP 对公网开放").first().waitFor();
  await screenshot(page, "audit", { lang: "zh-CN" });
  await axe(page);
});
