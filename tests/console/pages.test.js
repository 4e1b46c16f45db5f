// SPDX-License-Identifier: Apache-2.0
// What must hold for every page, whatever it is about: accessible in light and dark, readable at 390 pixels and at 200 %,
// complete in both languages. Leaves a screenshot of each.

const { test, assert, axeFindings, screenshot, turn, NARROW, WIDE } = require("./harness");
const { listPages, settle, makeSomethingToShow } = require("./pages");

/** How far the page is wider than the window. */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("there_is_something_to_show", {}, makeSomethingToShow);

for (const { name, address } of listPages()) {
  test(`${name}_is_accessible_in_light_and_dark_wide_and_narrow`, {}, async ({ page }) => {
    const found = [];
    const look = async (how) => {
      await settle(page);
      found.push(...(await axeFindings(page)).map((text) => `${how}: ${text}`));
      const wide = await overflow(page);
      if (wide > 0) found.push(`${how}: ${wide} pixels wider than the window`);
    };
    await page.goto(address);
    await look("light");
    await screenshot(page, name);
    await turn(page, { dark: true });
    await look("dark");
    await screenshot(page, `${name}-dark`);
    await turn(page, { dark: false, size: NARROW });
    await look("at 390 pixels");
    await screenshot(page, `${name}-narrow`);
    // A window of 1280 pixels.
    await turn(page, { size: { width: WIDE.width / 2, height: WIDE.height / 2 } });
    await look("at 200 %");
    assert.ok(found.length === 0, `${address}:\n  ${found.join("\n  ")}`);
  });
}

test("every_page_is_complete_in_chinese", { lang: "zh-CN" }, async ({ page }) => {
  await page.goto("/clusters");
  await settle(page);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  for (const { name, address } of listPages()) {
    await page.goto(address);
    await settle(page);
    await screenshot(page, name, { lang: "zh-CN" });
    await page.waitForFunction(() => /[\u4e00-\u9fff]/.test(document.querySelector("#main").innerText));
    const text = await page.locator("#main").innerText();
    // What a text is called by when it is missing.
    // The log has texts of other tests.
    const missing = text.match(/\b[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*\b(?!\.)/g)?.filter((word) => !/\.(json|pem|sh|local|txt|c|h|xss)$/.test(word));
    assert.deepEqual(missing ?? [], [], `${address} shows names of texts`);
  }
});

test("the_menu_leads_to_every_page_by_keyboard", {}, async ({ page }) => {
  await page.goto("/clusters");
  await settle(page);
  for (const { address } of listPages().filter(({ menu }) => menu)) {
    const link = page.getByRole("navigation").locator(`a[href="${address.split("?")[0]}"]`);
    await link.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${address.split("?")[0]}*`);
    await settle(page);
  }
});
