// SPDX-License-Identifier: Apache-2.0
// Clusters, networks and nodes: what the lists tell, and making a cluster of each kind of network.

const { test, world, assert, axe, screenshot } = require("./harness");
const { row, review } = require("./steps");

/** What `ringwall` has of the cluster. */
const cluster = (name) => world.must("GET", `/v1/clusters/${name}`);

test("the_list_tells_exposure_findings_and_states", { role: "viewer" }, async ({ page }) => {
  await page.goto("/clusters");
  const demo = row(page, "demo-vpc");
  await demo.getByText("22, 80, 443").waitFor();
  await demo.getByText("Enforced").waitFor();
  await demo.getByText("3 of 3 nodes as they should be").waitFor({ state: "attached" });
  await demo.getByText("1 high").waitFor();
  const { security_group: group } = await cluster("demo");
  await demo.getByRole("link", { name: group }).waitFor();
  // Who only looks is offered no change.
  assert.equal(await page.getByRole("button", { name: "Create cluster" }).count(), 0);
  await axe(page);
  await screenshot(page, "clusters");
  await screenshot(page, "clusters", { dark: true });
  await screenshot(page, "clusters", { narrow: true });
});

test("a_monitored_and_an_offline_node_do_not_look_enforced", async ({ page }) => {
  await world.must("PATCH", "/v1/clusters/legacy?wait=10s", { enforcement: "monitor" });
  await world.must("POST", "/v1/nodes", { name: "never-came", cluster: "legacy" });
  try {
    await page.goto("/clusters");
    await row(page, "legacy").getByText("Offline").waitFor();
    await page.goto("/clusters/legacy");
    await row(page, "never-came").getByText("Offline").waitFor();
    await row(page, "node-old").getByText("Monitored").waitFor();
    // The list is kept current by events: nothing is clicked here.
    await world.must("DELETE", "/v1/nodes/never-came?force=offline-node");
    await row(page, "never-came").waitFor({ state: "detached" });
  } finally {
    await world.must("PATCH", "/v1/clusters/legacy?wait=10s", { enforcement: "enforce" });
  }
});

test("a_network_and_a_vpc_cluster_are_made_with_the_rules_that_were_shown", { role: "operator" }, async ({ page }) => {
  await page.goto("/networks");
  await page.getByRole("button", { name: "Create network" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("shop-vpc");
  await page.getByRole("combobox", { name: "CIDRs" }).fill("10.77.0.0/16 ");
  await page.getByRole("button", { name: "Review" }).click();
  await review(page);
  await row(page, "shop-vpc").getByText("10.77.0.0/16").waitFor();
  await axe(page);
  await screenshot(page, "networks");

  await page.goto("/clusters");
  await page.getByRole("button", { name: "Create cluster" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("shop");
  await form.getByLabel("Network", { exact: true }).click();
  await page.getByTitle("shop-vpc (VPC)").click();
  await form.getByLabel("Management CIDRs").fill("203.0.113.0/24 ");
  await form.getByLabel("Container CIDRs").fill("172.31.0.0/16 ");
  await form.getByLabel(/Open HTTP and HTTPS/).uncheck();
  await form.getByText("allow tcp 22 from 203.0.113.0/24").waitFor();
  await form.getByText(/allow tcp 443/).waitFor({ state: "detached" });
  const shown = await form.locator(".rule-preview li").allTextContents();
  await axe(page);
  await screenshot(page, "cluster-create");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await page.waitForURL(/\/clusters\/c[0-9a-f]{32}/);
  await page.getByText("No node has joined yet").waitFor();
  await screenshot(page, "cluster-empty");

  const made = await cluster("shop");
  assert.equal(made.rule_count, shown.length);
  assert.deepEqual(made.management_cidrs, ["203.0.113.0/24"]);
  assert.ok(page.url().includes(made.id));
});

test("a_classic_cluster_is_made_and_deleted", { role: "operator" }, async ({ page }) => {
  await page.goto("/clusters?create");
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("museum");
  await form.getByLabel("Network", { exact: true }).click();
  await page.getByTitle("old (classic)").click();
  await form.getByText("Monitor:").click();
  await form.locator(".rule-preview li").first().waitFor();
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "museum" }).waitFor();
  await page.getByText("Only monitored: nothing is dropped").waitFor();

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText(/Its security group goes with it, with \d+ rules/).waitFor();
  await page.getByRole("button", { name: "Go on" }).click();
  await review(page, "Delete");
  await page.waitForURL(/\/clusters$/);
  assert.equal((await world.api("GET", "/v1/clusters/museum")).status, 404);
});

test("a_wrong_cidr_is_told_at_its_field", { role: "operator" }, async ({ page }) => {
  await page.goto("/clusters?create");
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("wrong");
  await form.getByLabel("Management CIDRs").fill("10.0.0/8 ");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await form.getByText("“10.0.0/8” is no address and no CIDR").waitFor();
  await form.getByText("Choose the network that its nodes are in.").waitFor();
  await axe(page);
  // What only the server knows, it says in its own words.
  await form.getByLabel("Name").fill("demo");
  await form.getByRole("button", { name: "remove" }).or(form.locator(".ant-select-selection-item-remove")).first().click();
  await form.getByLabel("Network", { exact: true }).click();
  await page.getByTitle("old (classic)").click();
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await form.getByRole("alert").filter({ hasText: "demo" }).waitFor();
});

test("the_lists_are_chinese_too", { lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/clusters");
  await page.getByRole("columnheader", { name: "对公网开放" }).waitFor();
  await row(page, "demo-vpc").getByText("已生效").waitFor();
  await screenshot(page, "clusters", { lang: "zh-CN" });
  await page.goto("/nodes");
  await page.getByRole("columnheader", { name: "生效版本" }).waitFor();
  await axe(page);
  await screenshot(page, "nodes", { lang: "zh-CN" });
});
