// SPDX-License-Identifier: Apache-2.0
// Signing in and out, and what somebody does who would like to be signed in as somebody else.

const { test, world, assert, axe, screenshot, signInContext } = require("./harness");

const cookies = async (context) => (await context.cookies()).filter(({ name }) => name === "__Host-ringwall");

/** Sends from inside the page, as a script in it would. */
const sendFromPage = (page, method, target, headers, body) =>
  page.evaluate(
    async ([method, target, headers, body]) => (await fetch(target, { method, headers, body })).status,
    [method, target, headers, body],
  );

const NETWORK = JSON.stringify({ name: "stolen", cidrs: ["10.200.0.0/16"] });
const JSON_TYPE = { "Content-Type": "application/json" };

test("a_key_signs_in_and_out", { role: null }, async ({ page, context }) => {
  await page.goto("/");
  await page.getByLabel("Key", { exact: true }).fill(world.keys.admin);
  await screenshot(page, "sign-in");
  await axe(page);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/clusters");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor();
  const [cookie] = await cookies(context);
  assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict" && cookie.path === "/");
  assert.equal(await page.evaluate(() => document.cookie), "");
  // Nothing of the secret is kept where a script finds it.
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!kept.includes(world.keys.admin.split(".")[1]) && !kept.includes(cookie.value), kept);

  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByText("Sign out").click();
  await page.getByLabel("Key", { exact: true }).waitFor();
  assert.deepEqual(await cookies(context), []);
  // Who copied the cookie has nothing of it.
  await context.addCookies([cookie]);
  await page.goto("/clusters");
  await page.getByLabel("Key", { exact: true }).waitFor();
});

test("a_link_signs_in_once", { role: null }, async ({ page, context }) => {
  const { url } = JSON.parse(await world.cli("console", "-o", "json"));
  await page.goto(url);
  await page.waitForURL("**/clusters");
  assert.ok(!page.url().includes("#"), "the token stays in the address");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor();
  await page.goBack().catch(() => {});
  assert.ok(!page.url().includes(url.split("#")[1]), "the token is in the history");
  await context.clearCookies();
  await page.goto(url);
  await page.getByText("not valid").waitFor();
  assert.deepEqual(await cookies(context), []);
});

test("a_controller_that_does_not_answer_is_asked_again", {}, async ({ page, faults }) => {
  await page.route("**/v1/session", (route) => route.abort());
  await page.goto("/clusters");
  await page.getByText("The controller cannot be reached.").waitFor();
  // Nobody is asked for a key that nobody could check.
  assert.equal(await page.getByLabel("Key", { exact: true }).count(), 0);
  await screenshot(page, "unreachable");
  await axe(page);
  await page.unroute("**/v1/session");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor(); // by itself
  // What the browser says of the calls that were cut off.
  assert.deepEqual([...new Set(faults.splice(0))], ["console: Failed to load resource: net::ERR_FAILED"]);
});

const standBy = (route) =>
  route.fulfill({
    status: 503,
    contentType: "application/problem+json",
    json: { type: "urn:ringwall:problem:standby", title: "Another controller serves", status: 503, detail: "this controller stands by", active: "https://10.0.0.9:8443" },
  });

test("a_page_stays_while_its_controller_stands_by_and_names_the_active_one", {}, async ({ page, faults }) => {
  await page.goto("/clusters");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor();
  await page.route("**/v1/**", standBy);
  await page.evaluate(() => window.location.reload());
  await page.getByText("This controller stands by: another one is active.").waitFor();
  assert.equal(await page.getByRole("link", { name: "Go on at https://10.0.0.9:8443" }).getAttribute("href"), "https://10.0.0.9:8443/clusters");
  assert.equal(await page.getByLabel("Key", { exact: true }).count(), 0);
  await screenshot(page, "standby");
  await axe(page);
  await page.unroute("**/v1/**");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor(); // by itself
  assert.ok(faults.splice(0).every((fault) => fault.includes("503")));
});

test("a_wrong_key_is_refused_in_words", { role: null }, async ({ page, context }) => {
  await page.goto("/clusters");
  await page.getByLabel("Key", { exact: true }).fill(`k-0123456789abcdef.${"A".repeat(43)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("not valid").waitFor();
  assert.deepEqual(await cookies(context), []);
  // The address that was asked for is kept.
  await page.getByLabel("Key", { exact: true }).fill(world.keys.viewer);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor();
});

test("a_planted_cookie_becomes_no_session", { role: null }, async ({ page, context }) => {
  const planted = { name: "__Host-ringwall", value: "A".repeat(43), url: world.url, secure: true, httpOnly: true, sameSite: "Strict" };
  await context.addCookies([planted]);
  await signInContext(context, world.keys.admin);
  const [cookie] = await cookies(context);
  assert.notEqual(cookie.value, planted.value);
  await context.clearCookies();
  await context.addCookies([planted]);
  await page.goto("/clusters");
  await page.getByLabel("Key", { exact: true }).waitFor();
});

test("the_cookie_alone_changes_nothing", { role: "admin" }, async ({ page }) => {
  await page.goto("/clusters");
  const { csrf } = await page.evaluate(async () => (await fetch("/v1/session")).json());
  assert.equal(await sendFromPage(page, "POST", "/v1/networks", JSON_TYPE, NETWORK), 403);
  assert.equal(await sendFromPage(page, "POST", "/v1/networks", { ...JSON_TYPE, "Ringwall-Csrf": "A".repeat(43) }, NETWORK), 403);
  assert.equal(await sendFromPage(page, "POST", "/v1/networks?dry_run=true", { ...JSON_TYPE, "Ringwall-Csrf": csrf }, NETWORK), 200);
  const { items } = await world.must("GET", "/v1/networks?name=stolen");
  assert.deepEqual(items, []);
});

test("another_site_neither_reads_nor_changes", { role: "admin" }, async ({ page, context, faults }) => {
  // A page of another site in the same browser: https, so that it may ask for what is https.
  await page.goto("/clusters");
  await context.route("https://evil.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>prizes</title>" }));
  const evil = await context.newPage();
  await evil.goto("https://evil.example/");
  const outcome = await evil.evaluate(async ([url, network]) => {
    const send = (target, init) => fetch(url + target, { credentials: "include", ...init }).then(async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`, String);
    const frame = document.createElement("iframe");
    frame.src = `${url}/clusters`;
    const framed = new Promise((resolve) => frame.addEventListener("load", () => resolve(frame.contentDocument === null)));
    document.body.append(frame);
    return {
      read: await send("/v1/session"),
      form: await send("/v1/networks", { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: network }),
      json: await send("/v1/networks", { method: "POST", headers: { "Content-Type": "application/json" }, body: network }),
      framed: await framed,
    };
  }, [world.url, NETWORK]);
  assert.match(outcome.read, /Failed to fetch/);
  assert.match(outcome.json, /Failed to fetch/);
  assert.doesNotMatch(outcome.form, /stolen/);
  // What is in the frame is the browser's own error page.
  assert.ok(!(await Promise.all(evil.frames().slice(1).map((frame) => frame.locator("#root").count().catch(() => 0)))).some(Boolean));
  assert.deepEqual((await world.must("GET", "/v1/networks?name=stolen")).items, []);
  assert.deepEqual(faults, []);
});

test("a_revoked_key_ends_what_is_open", { role: null }, async ({ page, context }) => {
  const key = JSON.parse(await world.cli("key", "create", "leaver", "-o", "json"));
  await signInContext(context, key.key);
  await page.goto("/clusters");
  await page.getByRole("link", { name: "demo", exact: true }).first().waitFor();
  await world.cli("key", "revoke", key.id);
  // Its event stream ends, the page notices, and asks to sign in; nothing has to be clicked.
  await page.getByLabel("Key", { exact: true }).waitFor();
});
