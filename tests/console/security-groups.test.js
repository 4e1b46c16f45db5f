// SPDX-License-Identifier: Apache-2.0
// Security groups: list, make, members, who refers to them, what was, and the way back to it.

const { test, world, assert, axe, screenshot } = require("./harness");

const panel = (page, title) => page.getByRole("dialog", { name: title });

async function apply(page, title, done, button = "Apply") {
  await panel(page, title).getByRole("button", { name: button, exact: true }).click();
  await panel(page, title).getByText(done).first().waitFor();
  await panel(page, title).getByRole("button", { name: "Close" }).last().click();
  await panel(page, title).waitFor({ state: "hidden" });
}

test("a_group_is_made_gets_a_member_and_goes", { role: "operator" }, async ({ page }) => {
  await page.goto("/security-groups");
  await page.getByRole("link", { name: "tools", exact: true }).waitFor();
  await axe(page);
  await screenshot(page, "security-groups");
  await screenshot(page, "security-groups", { narrow: true });
  await page.getByText("Free-standing", { exact: true }).first().click();
  await page.getByRole("link", { name: "demo", exact: true }).waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Create security group" }).click();
  await page.getByLabel("Name", { exact: true }).fill("batch");
  await page.getByRole("combobox", { name: "Network" }).click();
  await page.getByTitle("demo-vpc").click();
  await axe(page);
  await page.getByRole("button", { name: "Review" }).click();
  await apply(page, "Create security group batch", "No managed node is concerned");
  await page.getByRole("heading", { name: "batch" }).waitFor();

  await page.getByRole("tab", { name: "Members" }).click();
  await page.getByRole("combobox", { name: "Nodes to add" }).click();
  await page.getByTitle("tools-1").click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await apply(page, "Add 1 node to batch", "Enforced on 1 of 1 node");
  await page.getByRole("button", { name: "Remove tools-1" }).waitFor();
  await axe(page);
  await screenshot(page, "security-group-members");

  // As long as somebody is in it, it stays, and the page says who.
  await page.getByRole("main").getByRole("button", { name: /Delete$/ }).click();
  await panel(page, "Delete security group batch").getByText("tools-1").first().waitFor();
  await panel(page, "Delete security group batch").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Remove tools-1" }).click();
  await apply(page, "Remove tools-1 from batch", "Enforced on 1 of 1 node", "Remove");
  await page.getByRole("main").getByRole("button", { name: /Delete$/ }).click();
  await apply(page, "Delete security group batch", "No managed node is concerned", "Delete");
  await page.waitForURL("**/security-groups");
});

test("isolating_members_is_what_packets_meet", { role: "operator" }, async ({ page }) => {
  assert.equal(await world.probe("node-2", "node-1", "tcp/6379"), "answered");
  await page.goto("/security-groups/demo");
  await page.getByRole("button", { name: "Isolate them" }).click();
  const title = "Isolate the members of demo from each other";
  await panel(page, title).getByRole("heading", { name: "Closes" }).waitFor();
  await panel(page, title).getByRole("button", { name: "Apply" }).click();
  await panel(page, title).getByText("Enforced on 3 of 3 nodes").first().waitFor();
  await world.probeUntil("silent", "node-2", "node-1", "tcp/6379");
  await panel(page, title).getByRole("button", { name: "Undo" }).click();
  await apply(page, "Let the members of demo reach each other", "Enforced on 3 of 3 nodes");
  await world.probeUntil("answered", "node-2", "node-1", "tcp/6379");
  await axe(page);
  await screenshot(page, "security-group");
});

test("history_shows_what_was_and_brings_it_back", { role: "operator" }, async ({ page }) => {
  const office = world.addresses.office.eth0[0];
  await world.must("POST", "/v1/security-groups/tools/rules?wait=20s", { rules: [`allow tcp 6379 from ${office}`] });
  await world.probeUntil("answered", "office", "tools-1", "tcp/6379");
  await page.goto("/security-groups/tools?tab=history");
  const [newest, before] = [page.getByRole("listitem").filter({ hasText: "revision" }).nth(0), page.getByRole("listitem").filter({ hasText: "revision" }).nth(1)];
  await newest.getByText(`allow tcp 6379 from ${office}/32`).waitFor();
  await newest.getByRole("button", { name: "What opened and closed" }).click();
  await newest.getByText(`from ${office}/32`).last().waitFor();
  await axe(page);
  await screenshot(page, "security-group-history");
  await before.getByRole("button", { name: "Restore" }).click();
  const title = /^Restore the rules of tools/;
  await panel(page, title).getByText(`allow tcp 6379 from ${office}/32`).waitFor();
  await apply(page, title, "Enforced on 1 of 1 node");
  await world.probeUntil("silent", "office", "tools-1", "tcp/6379");
  // The page learns of it by itself.
  await newest.getByText("Rules set").waitFor();
});

test("who_refers_to_a_group_is_told", { role: "viewer" }, async ({ page }) => {
  await world.must("POST", "/v1/security-groups/demo/rules", { rules: ["allow tcp 5432 from group:tools"] });
  await page.goto("/security-groups/tools?tab=referrers");
  const link = page.getByRole("main").getByRole("link", { name: "demo", exact: true });
  await link.waitFor();
  await axe(page);
  await link.click();
  await page.getByText("5432").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add rule" }).count(), 0);
});
