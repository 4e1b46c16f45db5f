// SPDX-License-Identifier: Apache-2.0
// Texts that would like to be more than texts, in every field that takes one; and a viewer who would like to be more.

const { test, world, assert } = require("./harness");
const { listPages, settle } = require("./pages");

/** Runs if anything takes it for HTML, an expression of the translations, or a link to follow. */
const evil = (field) => `<img src=x onerror=window.xss='${field}'>{{t}}$t(sign-out)`;

/** Makes an object of each kind with such texts; gives pages that show them. */
async function fillWithEvil() {
  const must = world.must;
  const network = (await must("POST", "/v1/networks", { name: evil("network"), cidrs: ["10.66.0.0/16"] })).items[0];
  const cluster = (await must("POST", "/v1/clusters", { name: evil("cluster"), network: network.id, container_cidrs: ["172.30.0.0/16"], tags: { [evil("tag").slice(0, 60)]: evil("value") } })).items.find(({ name }) => name === evil("cluster"));
  const group = (await must("POST", "/v1/security-groups", { name: evil("group"), description: evil("description"), network: network.id })).items[0];
  const list = (await must("POST", "/v1/prefix-lists", { name: evil("list"), family: 4, cidrs: ["192.0.2.0/24"] })).items[0];
  for (const target of [group.id, cluster.id])
    await must("POST", `/v1/security-groups/${target}/rules`, {
      rules: [
        { direction: "ingress", policy: "accept", protocol: "tcp", ports: "9/9", object: { prefix_list: list.id }, priority: 7, description: evil("rule") },
        { direction: "ingress", policy: "accept", protocol: "tcp", ports: "10/10", object: target === group.id ? { cidr: "192.0.2.7/32" } : { group: group.id }, priority: 7, description: evil("rule-of-group") },
      ],
    });
  const node = (await must("POST", "/v1/nodes", { name: "hostile-1", cluster: cluster.id, network: network.id, agent: "none", interfaces: [{ name: "eth0", addresses: ["10.66.0.9"] }] })).items[0];
  await must("POST", "/v1/load-balancers", { name: evil("balancer"), cluster: cluster.id, sources: { cidrs: ["10.66.0.1/32"] }, client_ip: "hidden", listeners: [{ protocol: "tcp", port: 9, backend_port: 9 }] });
  await must("POST", "/v1/promises", { network: network.id, policy: "deny", from: { cidr: "203.0.113.0/24" }, to: { group: group.id }, protocol: "tcp", ports: "6379/6379", reason: evil("promise") });
  const suppression = await must("POST", "/v1/audit/suppressions", { check: "open-ssh", subject: cluster.id, reason: evil("suppression") });
  const key = await must("POST", "/v1/keys", { name: `<img src=x onerror=xss=1>{{t}}$t(sign-out)`, role: "operator" });
  // Its name is that of who changed something.
  await must("PATCH", `/v1/prefix-lists/${list.id}`, { cidrs: ["192.0.2.0/25"] }, { key: key.key });
  return { pages: [`/clusters/${cluster.id}`, `/security-groups/${group.id}`, `/security-groups/${group.id}/rules`, `/security-groups/${cluster.id}/rules`, `/reach?cluster=${cluster.id}`, `/trace?from=203.0.113.9&to=${node.id}:9/tcp`], key, suppression };
}

test("texts_of_people_are_texts_on_every_page", { role: null }, async ({ page, context, faults }) => {
  const { pages, key, suppression } = await fillWithEvil();
  await context.request.post("/v1/session", { data: { key: key.key } });
  let shown = 0;
  for (const address of [...listPages().map(({ address }) => address), ...pages]) {
    await page.goto(address);
    await settle(page);
    const state = await page.evaluate(() => ({
      ran: window.xss,
      images: document.querySelectorAll('img[src="x"]').length,
      text: document.body.innerText,
    }));
    assert.equal(state.ran, undefined, `${address} ran what stands in a text`);
    assert.equal(state.images, 0, `${address} made an element of a text`);
    assert.deepEqual(faults, [], address);
    shown += state.text.includes("<img src=x onerror=");
    // Nothing of it was taken for a text of the translations.
    assert.ok(!/onerror=window\.xss='\w+'>(?!\{\{t\}\}\$t\(sign-out\)|…|\.\.\.)\S/.test(state.text), `${address} translates what people wrote`);
  }
  assert.ok(shown >= 8, `only ${shown} pages show such a text`);
  await world.must("DELETE", `/v1/audit/suppressions/${suppression.id}`);
  await world.must("DELETE", `/v1/keys/${key.id}`);
});

test("what_is_typed_into_an_address_is_a_text", { role: "viewer" }, async ({ page, faults }) => {
  const typed = encodeURIComponent("<img src=x onerror=window.xss=1>");
  for (const address of [`/clusters/${typed}`, `/security-groups/${typed}/rules`, `/trace?from=${typed}&to=${typed}`, `/flows?node=${typed}`, `/audit?cluster=${typed}`, `/${typed}`, `/clusters?x=javascript:alert(1)#${typed}`]) {
    await page.goto(address);
    await page.waitForFunction(() => document.querySelector("#main")?.innerText.trim());
    assert.equal(await page.evaluate(() => window.xss), undefined, address);
    assert.equal(await page.locator('img[src="x"]').count(), 0, address);
  }
  assert.deepEqual(faults, []);
});

const CHANGES = /^(add|apply|bind|clone|close|create|delete|edit|enforce|fix|import|issue|make|new|rebind|release|remove|rename|restore|revoke|rotate|save|suppress|switch|undo)\b/i;

test("a_viewer_is_offered_no_change_and_can_make_none", { role: "viewer" }, async ({ page }) => {
  for (const { address } of listPages()) {
    await page.goto(address);
    await settle(page);
    const offered = await page.locator("#main").getByRole("button").evaluateAll((buttons) =>
      buttons.filter((button) => !button.disabled && button.checkVisibility()).map((button) => button.innerText.trim() || button.getAttribute("aria-label") || ""),
    );
    assert.deepEqual(offered.filter((name) => CHANGES.test(name)), [], `${address} offers a viewer a change`);
  }
  // Who sends it all the same, as a page of ours would, is refused by the server.
  const { csrf } = await page.evaluate(async () => (await fetch("/v1/session")).json());
  const before = JSON.stringify(await world.must("GET", "/v1/model"));
  for (const [method, target, body] of [
    ["POST", "/v1/networks", { name: "x", cidrs: ["10.200.0.0/16"] }],
    ["POST", "/v1/security-groups/demo/rules", { rules: ["allow tcp 6379 from any"] }],
    ["PATCH", "/v1/security-groups/demo", { inner_access: "drop" }],
    ["DELETE", "/v1/clusters/legacy?with_nodes=true", undefined],
    ["POST", "/v1/join-tokens", { cluster: "demo" }],
    ["POST", "/v1/keys", { name: "mine", role: "admin" }],
    ["POST", "/v1/clusters/demo/fix", undefined],
    ["POST", "/v1/apply", { version: 1 }],
  ]) {
    const status = await page.evaluate(
      async ([method, target, body, csrf]) =>
        (await fetch(target, { method, headers: { "Content-Type": "application/json", "Ringwall-Csrf": csrf }, body: body && JSON.stringify(body) })).status,
      [method, target, body, csrf],
    );
    assert.equal(status, 403, `${method} ${target}`);
  }
  assert.equal(JSON.stringify(await world.must("GET", "/v1/model")), before);
});
