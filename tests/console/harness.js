// SPDX-License-Identifier: Apache-2.0
//
// What every test of the console is written with.
//
//     const { test, world, assert } = require("./harness");
//
//     test("a_rule_opens_its_port", { role: "operator" }, async ({ page }) => {
//       await page.goto("/clusters");
//       await page.getByRole("link", { name: "demo" }).click();
//       …
//       assert.equal(await world.probe("office", "node-1", "tcp/6379"), "answered");
//     });
//
// A name is a statement. Each test has a browser of its own (Playwright's `page`, signed in unless role is null) against a
// real controller, with real agents in network namespaces (run.py). It fails, besides by itself, when the page
// throws, logs an error, breaks its Content-Security-Policy, asks another host, or gets a 5xx.
//
// What all files share is put back between two files: what a test made is deleted, the rules of the groups are
// those of before. What else a test changes (attributes of groups, suppressions) it puts back itself. Files do not run at the
// same time.
//
// One file alone:      tests/console/run.py build sign-in
// A failed test leaves its screenshot in build/screenshots/failed-<name>.png.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");
const { after, test: nodeTest } = require("node:test");
const { chromium } = require("playwright-core");

const given = JSON.parse(fs.readFileSync(process.env.RINGWALL_WORLD, "utf8"));
const axeSource = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 800 };

// ---- the world ----

/** Asks run.py, which can enter namespaces. */
function askRunner(request) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(request);
    const call = http.request({ socketPath: given.socket, method: "POST", path: "/", headers: { "Content-Length": Buffer.byteLength(body) } }, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => {
        const { ok, error } = JSON.parse(text);
        if (error !== undefined) reject(new Error(error));
        else resolve(ok);
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

const ca = fs.readFileSync(given.ca);

/** Calls the API by a key (default: the admin's), past the console: {status, headers, json, text}. */
function api(method, target, body, { key = given.keys.admin, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const call = https.request(given.url + target, { method, ca, headers: { ...(key && { Authorization: `Bearer ${key}` }), ...(body !== undefined && { "Content-Type": "application/json" }), ...headers } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => {
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: answer.statusCode, headers: answer.headers, text, json });
      });
    });
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * What there is: network demo-vpc with cluster "demo" (node-1, node-2, node-3) and group "tools" (tools-1); classic network
 * "old" with cluster "legacy" (node-old, intranet eth0 and internet eth1); behind a router the hosts "internet" and
 * "office". Nodes and tools listen on tcp 22, 80, 443, 6379 and udp 53, greet and echo; demo's nodes publish a container at
 * tcp 8080.
 */
const world = {
  url: given.url,
  /** {admin, operator, viewer}: the keys. */
  keys: given.keys,
  /** {host: {interface: [IPv4, IPv6]}} */
  addresses: given.addresses,
  api,
  /** Like api(), but only success will do; gives the JSON. */
  async must(method, target, body, options) {
    const answer = await api(method, target, body, options);
    assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.json;
  },
  /** Runs `ringwall WORDS…` as the admin on the controller's host; gives what it printed. */
  cli: (...words) => askRunner({ do: "cli", words }),
  /** A real packet: "answered", "refused" or "silent". service: "tcp/22", "udp/53", "icmp"; options: {interface, family}. */
  probe: (from, to, service, options = {}) => askRunner({ do: "probe", from, to, service, ...options }),
  /** Probes until the answer is `wanted`, for what is enforced a moment later; fails after a generous while. */
  async probeUntil(wanted, from, to, service, options) {
    let seen;
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      seen = await world.probe(from, to, service, options);
      if (seen === wanted) return;
    }
    assert.fail(`${from} to ${to} ${service}: ${seen}, not ${wanted}`);
  },
  /** Opens a TCP connection and keeps it: {alive(), close()}. alive() exchanges bytes on it. */
  async hold(from, to, service, options = {}) {
    const id = await askRunner({ do: "hold", from, to, service, ...options });
    return { alive: () => askRunner({ do: "alive", id }), close: () => askRunner({ do: "close", id }) };
  },
};

// ---- the browser ----

let browser;

async function openBrowser() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: !process.env.HEADFUL,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
  });
  return browser;
}

after(async () => browser?.close());

// What Chromium says of an answer >= 400: that is for the test to judge, as the console shows it.
const ANSWER_NOTED = /^Failed to load resource: the server responded with a status of 4\d\d/;

/** Collects what must not happen in a page. */
function watch(page, faults) {
  page.on("console", (message) => {
    if (message.type() === "error" && !ANSWER_NOTED.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.stack ?? error}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== given.url && !["data:", "blob:"].includes(protocol)) faults.push(`request to another host: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} from ${response.url()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
}

/** Runs in every page before its own scripts. */
function noteViolations() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
  });
}

/** Signs the context in without the page: what a browser does after POST /v1/session. */
async function signInContext(context, key) {
  const answer = await context.request.post("/v1/session", { data: { key } });
  assert.equal(answer.status(), 200, await answer.text());
}

/**
 * A browser profile of its own: {context, page, faults}. role: "admin", "operator", "viewer" or null (not signed in);
 * dark, narrow: true; lang: "en" or "zh-CN"; still: no motion (default).
 */
async function open({ role = "admin", dark = false, narrow = false, lang = "en", still = true, faults = [] } = {}) {
  const context = await (await openBrowser()).newContext({
    baseURL: given.url,
    ignoreHTTPSErrors: true, // its authority is ringwall's own
    viewport: narrow ? NARROW : WIDE,
    locale: lang,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: still ? "reduce" : "no-preference",
    serviceWorkers: "block",
  });
  context.setDefaultTimeout(15_000);
  await context.addInitScript(noteViolations);
  if (role) await signInContext(context, world.keys[role]);
  const page = await context.newPage();
  watch(page, faults);
  return { context, page, faults };
}

/**
 * Gives the window another size or scheme and waits until the page is drawn for it: what is focused before may be in a
 * layout that goes (the matrix of a narrow window has no table).
 */
async function turn(page, { dark, size }) {
  if (dark !== undefined) await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
  if (size) await page.setViewportSize(size);
  // Media queries change before a frame's own callbacks, and React draws at once.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
}

const SHOTS = given.screenshots;

/**
 * Writes build/screenshots/<name>[-zh][-dark][-narrow].png, the whole page. With variants ({dark, narrow, lang}: each optional) the
 * page is turned that way before, and back after.
 */
async function screenshot(page, name, { dark, narrow, lang } = {}) {
  const size = page.viewportSize();
  await turn(page, { dark, size: narrow !== undefined ? (narrow ? NARROW : WIDE) : null });
  const suffix = `${lang === "zh-CN" ? "-zh" : ""}${dark ? "-dark" : ""}${narrow ? "-narrow" : ""}`;
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => !document.querySelector(".ant-spin-spinning, .ant-skeleton-active"));
  await page.screenshot({ path: path.join(SHOTS, `${name}${suffix}.png`), fullPage: true, animations: "disabled" });
  await turn(page, { dark: dark === undefined ? undefined : false, size: narrow === undefined ? null : size });
}

/** What axe-core finds in the page as it is now, by its own choice of rules (WCAG A and AA, good practice): texts. */
async function axeFindings(page, { within, except = [] } = {}) {
  // By the debugger's protocol, past the page's policy, as a person's extension would.
  return page.evaluate(
    async ({ source, root, skipped }) => {
      if (!window.axe) new Function(source)();
      const result = await window.axe.run(root ? { include: [[root]] } : document, {
        rules: Object.fromEntries(skipped.map((rule) => [rule, { enabled: false }])),
      });
      return result.violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, any, all, none }) => `${id}: ${help}\n      ${html}\n      ${[...any, ...all, ...none].map(({ message }) => message).join("\n      ")}`),
      );
    },
    { source: axeSource, root: within, skipped: except },
  );
}

/** Fails unless axe-core finds nothing in the page as it is now. */
async function axe(page, options) {
  const found = await axeFindings(page, options);
  assert.ok(found.length === 0, `axe-core at ${page.url()}:\n  ${found.join("\n  ")}`);
}

/** A test with a page: options as of open(). */
function test(name, options, body) {
  if (typeof options === "function") return test(name, {}, options);
  return nodeTest(name, { timeout: 90_000 }, async (t) => {
    const faults = [];
    const session = await open({ ...options, faults });
    try {
      await body({ ...session, t });
      assert.ok(faults.length === 0, `the page did what it must not:\n  ${faults.join("\n  ")}`);
    } catch (error) {
      await session.page.screenshot({ path: path.join(SHOTS, `failed-${name}.png`), fullPage: true }).catch(() => {});
      if (faults.length && error instanceof Error && !error.message.includes(faults[0])) error.message += `\nthe page:\n  ${faults.join("\n  ")}`;
      throw error;
    } finally {
      await session.context.close();
    }
  });
}

module.exports = { test, world, assert, open, signInContext, screenshot, turn, axe, axeFindings, NARROW, WIDE };
