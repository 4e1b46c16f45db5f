// SPDX-License-Identifier: Apache-2.0
// What tests of several pages do alike.

/** The row of a table that has this text in it. */
const row = (page, text) => page.getByRole("row").filter({ hasText: text });

/** Makes a change whose review is open and to which nobody objects; `button` is what makes it. */
async function review(page, button = "Apply") {
  const drawer = page.getByRole("dialog").filter({ has: page.getByRole("button", { name: "Cancel" }) }).last();
  await drawer.getByRole("button", { name: button, exact: true }).click();
  await page.getByText(/is durable/).waitFor();
  await page.getByRole("dialog").last().getByRole("button", { name: "Close", exact: true }).last().click();
  await page.getByText(/is durable/).waitFor({ state: "hidden" });
}

module.exports = { row, review };
