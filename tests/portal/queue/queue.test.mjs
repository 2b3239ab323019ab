import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMAIN, RELAY, withSimulator } from "../test-support.mjs";

const HANDLER = `${RELAY}/events`;

const subscribed = (body, options = {}) =>
  withSimulator({ application: {}, ...options }, async (bed) => {
    await bed.control("install");
    const { access_token: auth } = await bed.control("token");
    for (const event of ["ONCALENDARENTRYUPDATE", "ONCRMDEALUPDATE", "ONAPPUNINSTALL", "ONAPPUPDATE"])
      await bed.rest("event.bind", { auth, event, handler: HANDLER });
    bed.handler.received.length = 0;
    await body(bed, auth);
  });

test("an event is posted once, as Bitrix24 writes it", () =>
  subscribed(async ({ control, handler, portal, application }) => {
    await control("event", { event: "ONCRMDEALUPDATE", id: "42" });
    assert.equal(handler.received.length, 1);
    const [{ url, headers, raw, form }] = handler.received;
    assert.deepEqual(
      [url, headers["user-agent"], headers["content-type"], headers.host],
      ["/events", "Bitrix24 Webhook Engine", "application/x-www-form-urlencoded", "relay.example.com"],
    );
    assert.match(raw, /^event=ONCRMDEALUPDATE&event_handler_id=3&data%5BFIELDS%5D%5BID%5D=42&ts=\d+&auth%5Baccess_token%5D=[0-9a-f]{70}&/);
    const { access_token, expires, application_token, ...auth } = form.auth;
    assert.deepEqual(auth, {
      expires_in: "3600",
      scope: application.scope.join(","),
      domain: DOMAIN,
      server_endpoint: "https://oauth.bitrix.info/rest/",
      status: "L",
      client_endpoint: `https://${DOMAIN}/rest/`,
      member_id: portal.member_id,
      user_id: "1",
    });
    assert.match(application_token, /^[0-9a-f]{32}$/);
  }));

test("which tokens an event brings depends on the event and on who caused it", () =>
  subscribed(async ({ control, handler }) => {
    const tokensOf = async (change) => {
      await control("event", change);
      const { access_token, refresh_token } = handler.received.at(-1).form.auth;
      return [access_token !== undefined, refresh_token !== undefined];
    };
    assert.deepEqual(await tokensOf({ event: "ONCALENDARENTRYUPDATE", id: "1" }), [true, true]);
    assert.deepEqual(await tokensOf({ event: "ONCRMDEALUPDATE", id: "1" }), [true, false]);
    assert.deepEqual(await tokensOf({ event: "ONCRMDEALUPDATE", id: "1", user: null }), [false, false]);
    assert.equal(Object.keys(handler.received.at(-1).form.auth).join(), "domain,client_endpoint,server_endpoint,member_id,application_token");
  }));

test("an outgoing webhook gets its own token, and no other", () =>
  withSimulator({}, async ({ control, handler }) => {
    const { application_token } = await control("webhook.add", { handler: HANDLER, events: ["ONCRMLEADADD"] });
    await control("event", { event: "ONCRMLEADADD", id: "9" });
    await control("event", { event: "ONCRMDEALADD", id: "9" });
    assert.equal(handler.received.length, 1);
    assert.equal(handler.received[0].form.auth.application_token, application_token);
    assert.equal(handler.received[0].form.auth.access_token, undefined);
  }));

test("a handler that fails is not called again for that event", () =>
  subscribed(async ({ control, handler }) => {
    handler.answer = () => ({ status: 500 });
    const { deliveries } = await control("event", { event: "ONCRMDEALUPDATE", id: "1" });
    assert.deepEqual(
      deliveries.map(({ status }) => status),
      [500],
    );
    assert.equal(handler.received.length, 1);
    assert.deepEqual((await control("queue")).waiting, []);
  }));

test("a handler that is slow or fails waits longer and longer for the next call", () =>
  subscribed(async ({ control, handler }) => {
    await control("settings", { queue_slow_ms: 5, queue_first_gap_ms: 40, queue_concurrency: 1 });
    handler.answer = () => ({ after: 10 });
    const times = [];
    const slow = handler.answer;
    handler.answer = (form) => {
      times.push(performance.now());
      return slow(form);
    };
    await control("event", { event: "ONCRMDEALUPDATE", id: "1", count: 3 });
    assert.ok(times[1] - times[0] >= 45, `${times[1] - times[0]} ms`);
    assert.ok(times[2] - times[1] >= 85, `${times[2] - times[1]} ms`);
  }));

test("a handler that does not answer in time has failed", () =>
  subscribed(async ({ control, handler }) => {
    await control("settings", { queue_timeout_ms: 50 });
    handler.answer = () => ({ after: 1_000 });
    const { deliveries } = await control("event", { event: "ONCRMDEALUPDATE", id: "1" });
    assert.match(deliveries[0].error, /no answer within 50 ms/);
  }));

test("what is kept back comes after what overtook it", () =>
  subscribed(async ({ control, handler }) => {
    await control("queue.pause", { category: "crm" });
    await control("event", { event: "ONCRMDEALUPDATE", id: "1", wait: false });
    await control("uninstall", { clean: true });
    await control("queue.resume");
    await control("queue.drain");
    assert.deepEqual(
      handler.received.map(({ form }) => form.event),
      ["ONAPPUNINSTALL", "ONCRMDEALUPDATE"],
    );
  }));

test("a burst reaches the handler whole, in the order of its category", () =>
  subscribed(async ({ control, handler }) => {
    await control("settings", { queue_concurrency: 1 });
    await control("event", { event: "ONCRMDEALUPDATE", id: "1", count: 200 });
    assert.deepEqual(
      handler.received.map(({ form }) => form.data.FIELDS.ID),
      Array.from({ length: 200 }, (_, index) => String(index + 1)),
    );
  }));

test("an old build sends no handler id", () =>
  subscribed(async ({ control, handler }) => {
    await control("portal.set", { build: "old" });
    await control("event", { event: "ONCRMDEALUPDATE", id: "1" });
    assert.equal(handler.received[0].form.event_handler_id, undefined);
  }));

test("nothing is sent for an application that was not paid for", () =>
  subscribed(async ({ control, handler }) => {
    await control("install.set", { payment_expired: true });
    assert.deepEqual((await control("event", { event: "ONCRMDEALUPDATE", id: "1" })).deliveries, []);
    assert.equal(handler.received.length, 0);
  }));

test("a record of one type tells both who listen to that type and who listen to all", () =>
  subscribed(async ({ control, handler, rest }, auth) => {
    for (const event of ["ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMADD_1220"]) await rest("event.bind", { auth, event, handler: HANDLER });
    await control("event", { event: "ONCRMDYNAMICITEMADD_1220", id: "5" });
    assert.deepEqual(
      handler.received.map(({ form }) => form.event),
      ["ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMADD_1220"],
    );
    assert.deepEqual(handler.received[1].form.data, { FIELDS: { ENTITY_TYPE_ID: "1220", ID: "5" } });
  }));
