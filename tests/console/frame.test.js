// SPDX-License-Identifier: Apache-2.0
// The frame around all pages: how soon it is there, the keyboard, motion, a session that ends.
const { test, world, assert } = require("./harness");
const { settle } = require("./pages");

test("the_first_page_is_painted_from_few_files", { role: "viewer" }, async ({ page }) => {
  // How soon is told, not judged: others may have the processors. A second is the aim.
  const paints = [];
  for (let i = 0; i < 3; i++) {
    await page.goto("/clusters");
    await settle(page);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity));
  }
  console.log(`# first contentful paint: ${paints.map(Math.round).join(", ")} ms`);
  const scripts = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ initiatorType }) => ["script", "link"].includes(initiatorType)).length);
  assert.ok(scripts < 60, `${scripts} files are loaded for the first page`);
  assert.ok(paints.every(Number.isFinite));
});

test("all_of_a_page_is_reached_by_the_keyboard_and_focus_is_seen", async ({ page }) => {
  await page.goto("/flows");
  await settle(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");

  // From the content on: what can be used is reached in turn, and each shows that it has the focus.
  const reached = [];
  for (let i = 0; i < 25; i++) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      let shown = false;
      for (let at = element, depth = 0; at && depth < 4; at = at.parentElement, depth++) {
        const style = getComputedStyle(at);
        shown ||= style.outlineStyle !== "none" || style.boxShadow !== "none";
      }
      return { name: element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "", role: element.getAttribute("role") ?? element.tagName, shown };
    });
    if (!seen) break;
    reached.push(seen);
  }
  const names = reached.map(({ name }) => name).join(" | ");
  for (const name of ["What is this? Flow", "Any cluster", "Any node", "Live", "Pause"]) assert.ok(names.includes(name), `${name} is not reached: ${names}`);
  assert.deepEqual(reached.filter(({ shown }) => !shown), [], "focus that is not seen");
});

test("who_wants_no_motion_gets_none", { still: true }, async ({ page }) => {
  await page.goto("/flows");
  await settle(page);
  await page.getByRole("button", { name: "Help" }).click();
  await page.getByRole("dialog").waitFor();
  const moving = await page.evaluate(() =>
    document.getAnimations().filter(({ playState, effect }) => playState === "running" && Number(effect?.getComputedTiming().duration ?? 0) > 1).map((animation) => animation.animationName ?? animation.transitionProperty),
  );
  assert.deepEqual(moving, []);
});

test("a_session_that_ends_leads_to_the_sign_in_and_back", { role: "viewer" }, async ({ page, context }) => {
  await page.goto("/status");
  await settle(page);
  await context.clearCookies();
  await world.must("GET", "/v1/whoami");
  await page.getByRole("link", { name: "Log of changes" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.getByLabel("Key").fill(world.keys.viewer);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Log of changes" }).waitFor();
});
