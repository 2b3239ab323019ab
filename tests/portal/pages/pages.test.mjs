import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMAIN, withSimulator } from "../test-support.mjs";

const PAGE = "/marketplace/app/1/";

const opened = (body, options = {}) =>
  withSimulator({ application: { interface: "page" }, ...options }, async (bed) => {
    await bed.control("install");
    await body(bed, (user) => bed.get(DOMAIN, `${PAGE}?user=${user}`));
  });

const sidOf = (text) => /"sid":"([0-9a-f]+)"/.exec(text)[1];

test("the installer is a form that posts itself into a frame named as Bitrix24 names it", () =>
  opened(async ({ application }, open) => {
    const { status, text } = await open(1);
    assert.equal(status, 200);
    const name = `${DOMAIN}|1|${sidOf(text)}`;
    assert.ok(text.includes(`<iframe name="${name}"`), text);
    assert.ok(
      text.includes(`action="${application.url_install}?DOMAIN=${DOMAIN}&amp;PROTOCOL=1&amp;LANG=en&amp;APP_SID=${sidOf(text)}" target="${name}"`),
      text,
    );
    assert.match(text, /<input type="hidden" name="AUTH_ID" value="[0-9a-f]{70}">/);
  }));

test("only an administrator's installer can finish, and then the application is told", () =>
  opened(async ({ post, control }, open) => {
    assert.match((await open(2)).text, /Only an administrator/);
    assert.equal((await post(DOMAIN, `${PAGE}finish`, { sid: "another" })).status, 403);
    const installer = sidOf((await open(1)).text);
    assert.equal((await post(DOMAIN, `${PAGE}finish`, { sid: installer })).status, 200);
    assert.equal((await control("portals")).portals[0].installs[0].installed, true);
    const ordinary = sidOf((await open(1)).text);
    assert.equal((await post(DOMAIN, `${PAGE}finish`, { sid: ordinary })).status, 403, "it is the application's page now");
    assert.match((await open(2)).text, /Boris/);
  }));

test("a page gets fresh tokens from the portal", () =>
  opened(async ({ post, rest }, open) => {
    const { body } = await post(DOMAIN, `${PAGE}refresh`, { sid: sidOf((await open(1)).text) });
    assert.equal((await rest("profile", { auth: body.AUTH_ID })).body.result.ADMIN, true);
  }));

test("what an application calls itself cannot break out of the page", () =>
  opened(
    async (_, open) => {
      const { text } = await open(1);
      assert.ok(!text.includes("<script>alert"), text);
    },
    {
      application: { interface: "page", url_install: 'https://relay.example.com/"><script>alert(1)</script>' },
      portal: { language: '"><script>alert(2)</script>' },
    },
  ));

test("the library is served where pages load it from", () =>
  withSimulator({}, async ({ get, simulator }) => {
    const { status, text } = await get("api.bitrix24.com", "/api/v1/");
    assert.equal(status, 200);
    assert.match(text, /window\.BX24 = BX24/);
    const dashboard = await (await fetch(simulator.url)).text();
    assert.match(dashboard, /A simulated Bitrix24/);
  }));
