import assert from "node:assert/strict";
import { test } from "node:test";
import { RELAY, withSimulator } from "./test-support.mjs";

const HANDLER = `${RELAY}/events`;

async function bind({ control, rest }, event) {
  const { access_token: auth } = await control("token");
  const { body } = await rest("event.bind", { auth, event, handler: HANDLER });
  assert.equal(body.result, true, JSON.stringify(body));
}

test("an application without interface is told at once, with both tokens", () =>
  withSimulator({ application: {} }, async ({ control, handler }) => {
    const { install } = await control("install");
    assert.equal(install.installed, true);
    const [{ url, form }] = handler.received;
    assert.equal(url, "/install");
    assert.deepEqual([form.event, form.data], ["ONAPPINSTALL", { VERSION: "1", ACTIVE: "Y", INSTALLED: "Y", LANGUAGE_ID: "en" }]);
    assert.match(form.auth.refresh_token, /^[0-9a-f]{70}$/);
    assert.equal(form.auth.application_token, install.application_token);
  }));

test("an application with a page gets nothing before installFinish, though it may bind", () =>
  withSimulator({ application: { interface: "page" } }, async (bed) => {
    const { control, handler } = bed;
    assert.deepEqual((await control("install")).deliveries, []);
    await bind(bed, "ONAPPINSTALL");
    await bind(bed, "ONCRMDEALADD");
    assert.deepEqual((await control("event", { event: "ONCRMDEALADD", id: "1" })).deliveries, []);
    await control("install.finish");
    assert.deepEqual(
      handler.received.map(({ form }) => form.event),
      ["ONAPPINSTALL"],
    );
    await control("event", { event: "ONCRMDEALADD", id: "2" });
    assert.equal(handler.received.at(-1).form.data.FIELDS.ID, "2");
  }));

test("the page's form has what a browser posts, and on an old build less", () =>
  withSimulator({ application: { interface: "page" }, portal: { language: "de" } }, async ({ control, handler, portal }) => {
    const { install } = await control("install");
    const page = await control("page.post");
    assert.equal(page.status, 200);
    const { url, headers, form } = handler.received[0];
    assert.match(url, /^\/install\?DOMAIN=some-domain\.bitrix24\.com&PROTOCOL=1&LANG=de&APP_SID=[0-9a-f]{32}$/);
    assert.equal(headers.origin, "https://some-domain.bitrix24.com");
    assert.deepEqual(
      Object.keys(form).join(),
      "AUTH_ID,AUTH_EXPIRES,REFRESH_ID,SERVER_ENDPOINT,APPLICATION_TOKEN,APPLICATION_SCOPE,member_id,status,PLACEMENT,PLACEMENT_OPTIONS",
    );
    assert.deepEqual([form.member_id, form.APPLICATION_TOKEN, form.PLACEMENT], [portal.member_id, install.application_token, "DEFAULT"]);
    await control("portal.set", { build: "old" });
    const old = await control("page");
    assert.deepEqual(Object.keys(old.fields).join(), "AUTH_ID,AUTH_EXPIRES,REFRESH_ID,member_id,status,PLACEMENT,PLACEMENT_OPTIONS");
    const forged = await control("page", { fields: { member_id: "other", REFRESH_ID: null } });
    assert.deepEqual([forged.fields.member_id, "REFRESH_ID" in forged.fields], ["other", false]);
  }));

test("before the installation is complete an employee has no access", () =>
  withSimulator({ application: { interface: "page" } }, async ({ control, rest }) => {
    await control("install");
    const { access_token: auth } = await control("token", { user: 2 });
    assert.equal((await rest("profile", { auth })).body.error, "user_access_error");
  }));

test("uninstalling tells it without tokens, and ends handlers and tokens", () =>
  withSimulator({ application: {} }, async (bed) => {
    const { control, handler, rest } = bed;
    const { install } = await control("install");
    await bind(bed, "ONAPPUNINSTALL");
    const { access_token: auth } = await control("token");
    await control("uninstall", { clean: true });
    const { form } = handler.received.at(-1);
    assert.deepEqual([form.event, form.data], ["ONAPPUNINSTALL", { LANGUAGE_ID: "en", CLEAN: "1" }]);
    assert.deepEqual([form.auth.application_token, form.auth.access_token], [install.application_token, undefined]);
    assert.equal((await rest("profile", { auth })).body.error, "invalid_token");
    const again = await control("install");
    assert.equal(again.install.application_token, install.application_token, "the token stays");
    assert.deepEqual(
      again.install.handlers.map(({ event }) => event),
      ["ONAPPINSTALL"],
    );
    const anew = await control("install", { new_token: true });
    assert.notEqual(anew.install.application_token, install.application_token);
  }));

test("an update tells both versions, and may bring another token", () =>
  withSimulator({ application: {} }, async (bed) => {
    const { control, handler } = bed;
    await control("install");
    await bind(bed, "ONAPPUPDATE");
    handler.received.length = 0;
    await control("update", { application_token: "another-token-of-this-application" });
    assert.deepEqual(handler.received.map(({ form }) => form.event).sort(), ["ONAPPINSTALL", "ONAPPUPDATE"]);
    const updated = handler.received.find(({ form }) => form.event === "ONAPPUPDATE").form;
    assert.deepEqual(updated.data, { VERSION: "2", PREVIOUS_VERSION: "1", LANGUAGE_ID: "en" });
    assert.equal(updated.auth.application_token, "another-token-of-this-application");
  }));

test("a seed makes everything repeatable", async () => {
  const tokens = [];
  for (let run = 0; run < 2; run += 1) {
    await withSimulator({ application: {}, now: Date.parse("2026-11-22T12:00:00Z") }, async ({ control }) => {
      await control("install");
      tokens.push(JSON.stringify((await control("tokens")).tokens));
    });
  }
  assert.equal(tokens[0], tokens[1]);
});
