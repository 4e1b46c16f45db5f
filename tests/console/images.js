// SPDX-License-Identifier: Apache-2.0
// Makes the pictures of docs/console.md (tools/console-images): each is a page as it is after what people did to it.

const path = require("node:path");
const { test, world } = require("./harness");
const { settle, makeSomethingToShow } = require("./pages");

const FOLDER = process.env.IMAGES;

async function picture(page, name) {
  await settle(page);
  await page.screenshot({ path: path.join(FOLDER, `console-${name}.png`), animations: "disabled" });
}

/** A page by its address, once what 'wait' looks for is there. */
const of = (name, address, options, wait) =>
  test(`picture_of_${name}`, options, async ({ page }) => {
    await page.goto(address);
    await settle(page);
    if (wait) await wait(page);
    await picture(page, name);
  });

test("there_is_something_to_show", {}, async () => {
  await makeSomethingToShow();
  for (const node of ["node-1", "node-2", "node-3"]) for (const service of ["tcp/22", "tcp/443", "tcp/6379"]) await world.probe("internet", node, service);
});

of("sign-in", "/sign-in", { role: null });
of("clusters", "/clusters", {});
of("cluster", "/clusters/demo", {});
of("security-group", "/security-groups/demo", {});
of("rules", "/security-groups/demo/rules", {});
of("rules-dark-narrow", "/security-groups/demo/rules", { dark: true, narrow: true });
of("trace", "/trace?from=203.0.113.9&to=node-1:6379/tcp", {});
of("reach", "/reach", {});
of("audit", "/audit", {});

test("picture_of_review", {}, async ({ page }) => {
  await page.goto("/security-groups/demo/rules");
  await settle(page);
  await page.getByRole("button", { name: /^Delete .*6379/ }).first().click();
  await page.getByRole("dialog").getByText("Closes").first().waitFor();
  await picture(page, "review");
});
