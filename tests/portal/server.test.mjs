import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMAIN, OAUTH, withSimulator } from "./test-support.mjs";

test("a host is meant by x-original-url, or by the beginning of the path", () =>
  withSimulator({}, async ({ simulator, get }) => {
    const errorOf = async (response) => (await response.json()).error;
    assert.equal((await get(OAUTH, "/rest/app.info")).body.error, "NO_AUTH_FOUND");
    assert.equal(await errorOf(await fetch(`${simulator.url}/at/${OAUTH}/rest/app.info`)), "NO_AUTH_FOUND");
    assert.equal(await errorOf(await fetch(`${simulator.url}/at/${DOMAIN}/rest/profile.json`, { method: "POST" })), "NO_AUTH_FOUND");
    assert.equal(await errorOf(await fetch(`${simulator.url}/rest/profile`)), "NO_AUTH_FOUND", "it is the only portal's");
    assert.equal((await get("unknown.bitrix24.com", "/rest/profile")).status, 404);
  }));

test("with local addresses everything it names can be called on this machine", () =>
  withSimulator({ addresses: "local", application: {} }, async ({ simulator, control, handler }) => {
    await control("install");
    const { access_token, client_endpoint, server_endpoint } = handler.received[0].form.auth;
    assert.equal(client_endpoint, `${simulator.url}/at/${DOMAIN}/rest/`);
    for (const endpoint of [client_endpoint, server_endpoint]) assert.equal((await fetch(`${endpoint}app.info?auth=${access_token}`)).status, 200);
  }));

test("faults happen to what they match, as often as they were asked to", () =>
  withSimulator({}, async ({ control, get }) => {
    await control("fault", { kind: "answer", status: 502, body: { error: "BAD_GATEWAY" }, method: "profile", times: 2, skip: 1 });
    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await get(DOMAIN, "/rest/profile")).status);
    assert.deepEqual(statuses, [401, 502, 502, 401]);
    await control("fault", { kind: "reset", host: OAUTH });
    await assert.rejects(get(OAUTH, "/rest/app.info"));
    await control("fault", { kind: "delay", ms: 80, host: OAUTH });
    const start = performance.now();
    await get(OAUTH, "/rest/app.info");
    assert.ok(performance.now() - start >= 79);
  }));

test("what was called is recorded, with what was answered", () =>
  withSimulator({}, async ({ control, get }) => {
    await get(DOMAIN, "/rest/profile?auth=x");
    const [call] = (await control("calls", { method: "profile" })).calls;
    const { at: _, took_ms: __, user_agent: ___, ...rest } = call;
    assert.deepEqual(rest, {
      seq: 1,
      host: DOMAIN,
      verb: "GET",
      path: "/rest/profile",
      method: "profile",
      parameters: { auth: "x" },
      status: 401,
      error: "NO_AUTH_FOUND",
    });
    await control("forget");
    assert.deepEqual((await control("calls")).calls, []);
    assert.deepEqual((await control("calls", { after: 1 })).calls, [], "numbers go on");
  }));

test("the control API says what it can do and what was wrong", () =>
  withSimulator({}, async ({ simulator, operation }) => {
    const { operations } = await (await fetch(simulator.control)).json();
    assert.ok(Object.keys(operations).length > 30);
    assert.equal((await operation("no.such")).status, 404);
    assert.equal((await operation("event", {})).body.error, "say which event");
    assert.equal((await operation("settings", { rate_burst: "many" })).status, 400);
    assert.equal((await fetch(`${simulator.control}/portals`)).status, 405);
    const form = await fetch(`${simulator.control}/forget`, { method: "POST", body: new URLSearchParams("a=1") });
    assert.equal(form.status, 415, "a page of another origin could send a form");
  }));

test("a caller with a bad URL ends its own request only", () =>
  withSimulator({}, async ({ simulator, get }) => {
    assert.equal((await fetch(simulator.url, { headers: { "x-original-url": "https://" } })).status, 400);
    assert.equal((await get(DOMAIN, "/rest/profile")).status, 401);
  }));
