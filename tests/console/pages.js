// SPDX-License-Identifier: Apache-2.0
// Every page of the console, as console/src/pages/index.ts lists them: a page that is new is in every test of these.

const fs = require("node:fs");
const path = require("node:path");
const { assert, world } = require("./harness");

const LIST = path.join(__dirname, "../../console/src/pages/index.ts");

/** What stands for ":ref" in the address of a page. */
const EXAMPLES = {
  "/clusters/:ref": ["demo", "legacy"],
  "/security-groups/:ref": ["demo"],
  "/security-groups/:ref/rules": ["demo", "legacy"],
};
/** Pages that are only something once they were asked. */
const QUESTIONS = {
  "/trace": "?from=203.0.113.9&to=node-1:22/tcp",
};

/** [{name, address, menu}]: one for each page and example. */
function listPages() {
  const entries = fs.readFileSync(LIST, "utf8").match(/\{\s*path: "[^"]+",\s*name: "[^"]+"[^}]*/g) ?? [];
  const pages = entries.flatMap((entry) => {
    const [, route] = /path: "([^"]+)"/.exec(entry);
    const [, name] = /name: "([^"]+)"/.exec(entry);
    const menu = /menu: /.test(entry);
    if (!route.includes(":")) return [{ name, address: route + (QUESTIONS[route] ?? ""), menu }];
    // An address with several parameters is reached from the page before it.
    const prefix = Object.keys(EXAMPLES).find((known) => known === route) ?? route.split("/").slice(0, 3).join("/");
    assert.ok(EXAMPLES[prefix], `tests/console/pages.js has no example for ${route}`);
    return EXAMPLES[prefix].map((ref) => ({ name: `${name}-${ref}`, address: route.replace(/:\w+/, ref), menu }));
  });
  assert.ok(pages.length >= 8, `only ${pages.length} pages were found in ${LIST}`);
  return pages.filter(({ address }) => !address.includes(":ref") && !/\/:/.test(address));
}

/** Runs in the page: waits until nothing was changed for a moment; whether the page then shows what it is about. */
function becomesQuiet() {
  return new Promise((resolve) => {
    const finish = () => {
      watch.disconnect();
      resolve([...document.querySelectorAll("h1")].some((title) => title.checkVisibility()) && !document.querySelector(".ant-spin-spinning, .ant-skeleton-active, [aria-busy=true]"));
    };
    const last = setTimeout(finish, 3000); // a live page never becomes quiet
    let quiet = setTimeout(finish, 150);
    const watch = new MutationObserver(() => {
      clearTimeout(quiet);
      quiet = setTimeout(() => (clearTimeout(last), finish()), 150);
    });
    watch.observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}

/** Until the page shows what it is about: its title, nothing that is still loading, and nothing that still changes. */
async function settle(page) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) if (await page.evaluate(becomesQuiet)) return;
  assert.fail(`${page.url()} does not settle`);
}

/** Things for the pages to show: a rule of each kind, a prefix list, a load balancer, a promise, flows, refused ones too. */
async function makeSomethingToShow() {
  await world.cli("prefix-list", "create", "offices", "--cidr", "198.51.100.0/24");
  await world.cli("rule", "add", "demo", "allow tcp 6379 from prefix-list:offices # redis for the offices", "--wait");
  await world.cli("rule", "add", "demo", "allow udp 53 from group:tools", "--wait");
  await world.cli("rule", "add", "demo", "drop tcp 8080 from 198.51.100.0/24", "--priority", "5", "--wait");
  await world.must("POST", "/v1/load-balancers", { name: "front", cluster: "demo", sources: { cidrs: ["10.80.0.1/32"] }, client_ip: "hidden", listeners: [{ protocol: "tcp", port: 443, backend_port: 443 }] });
  await world.cli("promise", "add", "deny", "tcp", "5432", "--network", "demo-vpc", "--from", "203.0.113.0/24", "--to", "demo", "--reason", "the database is no public service");
  for (const service of ["tcp/22", "tcp/443", "tcp/6379", "tcp/8080"]) await world.probe("internet", "node-1", service);
  await world.probe("office", "node-2", "tcp/6379");
}

module.exports = { listPages, settle, makeSomethingToShow };
