// SPDX-License-Identifier: Apache-2.0
// A cluster's page: its group, its nodes, what stands before it, and what enforcing would cut.

const { test, world, assert, axe, screenshot } = require("./harness");
const { row, review } = require("./steps");

test("from_the_clusters_to_a_group_s_rules_by_three_clicks", { role: "viewer" }, async ({ page }) => {
  const { id, security_group: group } = await world.must("GET", "/v1/clusters/demo");
  await page.goto("/");
  await page.getByRole("link", { name: "Manage demo" }).click();
  await page.waitForURL(`**/clusters/${id}`);
  await page.getByRole("link", { name: group }).first().click();
  await page.waitForURL(`**/security-groups/${group}`);
  await page.getByText("Security Group Rules").first().click();
  await page.waitForURL(`**/security-groups/${group}/rules`);
});

test("a_cluster_shows_its_facts_and_its_nodes", { role: "viewer" }, async ({ page }) => {
  await page.goto("/clusters/demo");
  await row(page, "node-1").getByText("Enforced").waitFor();
  await row(page, "node-1").getByText("eth0 · tcx").waitFor();
  await row(page, "node-1").getByText("10.80.0.11").waitFor();
  const { applied } = await world.must("GET", "/v1/nodes/node-1");
  await row(page, "node-1").getByText(applied, { exact: true }).waitFor();
  await page.getByText("22, 80, 443").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add node" }).count(), 0);
  await axe(page);
  await screenshot(page, "cluster");
  await screenshot(page, "cluster", { dark: true });
  await screenshot(page, "cluster", { narrow: true });
});

test("a_node_shows_its_flow_table_by_class", async ({ page }) => {
  const held = await world.hold("office", "node-2", "tcp/80");
  await page.goto("/clusters/demo");
  await page.getByRole("link", { name: "node-2" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("established", { exact: true }).waitFor();
  await drawer.getByText("The policy stays in the kernel when the agent ends").waitFor();
  assert.ok(new URL(page.url()).searchParams.has("node"), "the address does not say which node");
  await axe(page);
  await screenshot(page, "node");
  await screenshot(page, "node", { narrow: true });
  await held.close();
});

test("a_join_command_comes_with_a_token_that_works", { role: "operator" }, async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/clusters/demo");
  await page.getByRole("button", { name: "Add node" }).click();
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByText("The token is shown this once").waitFor();
  await axe(page);
  await screenshot(page, "join");
  await page.getByRole("button", { name: "Copy command" }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /^ringwall-agent join --server https:\/\/\S+ --token \S+ --ca-fingerprint [0-9a-f]{64}$/);
  const [, token] = command.match(/--token (\S+)/);
  // A token that is not known is refused with 401; this one gets as far as what is wrong with the rest.
  const answer = await world.api("POST", "/v1/agent/join", { version: 1, token, machine_id: "x", name: "x", csr: "x" }, { key: null });
  assert.equal(answer.status, 400, answer.text);
});

test("enforcing_begins_after_a_look_at_what_it_would_cut", { role: "operator" }, async ({ page }) => {
  await world.must("PATCH", "/v1/clusters/demo?wait=10s", { enforcement: "monitor" });
  try {
    assert.equal(await world.probe("internet", "node-1", "tcp/6379"), "answered");
    await page.goto("/clusters/demo");
    await row(page, "node-1").getByText("Monitored").waitFor();
    await page.getByRole("button", { name: "Enforce…" }).click();
    await page.getByText(/live connections? would be cut/).first().waitFor();
    await page.getByText(/tcp 6379/).first().waitFor();
    await axe(page);
    await screenshot(page, "enforce-preview");
    await page.getByRole("button", { name: "Review and enforce" }).click();
    await review(page);
    await row(page, "node-1").getByText("Enforced").waitFor();
    await world.probeUntil("silent", "internet", "node-1", "tcp/6379");
  } finally {
    await world.must("PATCH", "/v1/clusters/demo?wait=10s", { enforcement: "enforce" });
  }
});

test("a_load_balancer_is_added_changed_and_deleted", { role: "operator" }, async ({ page }) => {
  await page.goto("/clusters/demo?tab=balancers");
  await page.getByText("No load balancer is known").waitFor();
  await page.getByRole("button", { name: "Add load balancer" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("edge");
  await page.getByLabel("Port", { exact: true }).fill("443");
  await page.getByLabel("Port behind").fill("8443");
  await page.getByRole("combobox", { name: "addresses" }).fill("10.80.0.9 ");
  await page.getByRole("button", { name: "Review" }).click();
  await review(page);
  await row(page, "edge").getByText("tcp 443 → 8443").waitFor();
  await axe(page);
  await screenshot(page, "balancers");

  await page.getByRole("button", { name: "Edit load balancer edge" }).click();
  await page.getByText("Kept: nodes see the clients themselves").click();
  await page.getByRole("button", { name: "Review" }).click();
  await review(page);
  await row(page, "edge").getByText("kept").waitFor();
  await page.getByRole("button", { name: "Delete load balancer edge" }).click();
  await review(page, "Delete");
  await page.getByText("No load balancer is known").waitFor();
});

test("an_elastic_ip_is_bound_and_released", { role: "operator" }, async ({ page }) => {
  await page.goto("/clusters/demo?tab=elastic");
  await page.getByRole("button", { name: "Bind elastic IP" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Address").fill("203.0.113.80");
  await form.getByLabel("Node and interface").click();
  await page.getByTitle("node-3 · eth0").click();
  await form.getByRole("button", { name: "Review" }).click();
  await review(page);
  await row(page, "203.0.113.80").getByText("node-3").waitFor();
  const node = await world.must("GET", "/v1/nodes/node-3");
  assert.deepEqual(node.interfaces[0].elastic_ips, ["203.0.113.80"]);
  assert.ok(node.interfaces[0].addresses.includes("10.80.0.13"), "its addresses are gone");
  await screenshot(page, "elastic-ips");
  await page.getByRole("button", { name: "Release 203.0.113.80 of node-3" }).click();
  await review(page, "Release");
  await page.getByText("No node has an elastic IP").waitFor();
});

test("check_finds_what_fix_mends_and_rebind_gives_a_new_group", { role: "operator" }, async ({ page }) => {
  await world.must("POST", "/v1/security-groups/legacy/rules?force=finding:open-redis", { rules: [{ direction: "ingress", nic_type: "internet", policy: "accept", protocol: "tcp", ports: "6379/6379", object: { cidr: "0.0.0.0/0" } }] });
  const before = await world.must("GET", "/v1/clusters/legacy");
  await page.goto("/clusters/legacy?tab=check");
  await row(page, "Redis is open to the internet").waitFor();
  await axe(page);
  await screenshot(page, "cluster-check");
  await page.getByRole("button", { name: "Fix…" }).click();
  await review(page);
  await row(page, "Redis is open to the internet").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Rebind…" }).click();
  await page.getByRole("button", { name: "Review" }).click();
  await review(page, "Rebind…");
  const after = await world.must("GET", "/v1/clusters/legacy");
  assert.notEqual(after.security_group, before.security_group);
  await page.getByRole("link", { name: after.security_group }).waitFor();
});

test("a_node_without_an_agent_is_recorded_changed_and_deleted", { role: "operator" }, async ({ page }) => {
  await page.goto("/clusters/demo");
  await page.getByRole("button", { name: "Record a node without agent" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("backup-1");
  await page.getByRole("combobox", { name: "Addresses" }).fill("10.80.0.99 ");
  await axe(page);
  await page.getByRole("button", { name: "Review" }).click();
  await review(page);
  await row(page, "backup-1").getByText("no agent").waitFor();

  await page.goto("/nodes?q=backup-1");
  await page.getByRole("link", { name: "backup-1" }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("backup-2");
  await page.getByRole("button", { name: "Review" }).click();
  await review(page);
  await page.goto("/nodes");
  await row(page, "backup-2").waitFor();
  await axe(page);
  await screenshot(page, "nodes");
  await page.getByRole("link", { name: "backup-2" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await review(page, "Delete");
  await row(page, "backup-2").waitFor({ state: "detached" });
});

test("a_node_tells_its_cluster_and_how_full_its_tables_are", { role: "viewer" }, async ({ page }) => {
  await page.goto("/nodes");
  await page.getByRole("link", { name: "node-1", exact: true }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("link", { name: "demo", exact: true }).waitFor();
  await drawer.getByText(/^Room for 65,536 flows per family; pairs of buckets without a free place: \d/).waitFor();
  await drawer.getByText(/^\d+ [KM]iB of at most \d+ MiB, generation \d+$/).waitFor();
  await axe(page);
  await screenshot(page, "node");
  await page.goto("/nodes");
  await page.getByRole("link", { name: "tools-1", exact: true }).click();
  await drawer.getByRole("link", { name: "tools", exact: true }).waitFor();
});
