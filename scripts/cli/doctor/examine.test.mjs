// Broken set-ups, each with the remedy that is named for it. The answers are those of a relay, as docs/openapi.json has them.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { Api } from "../api.mjs";
import { examine } from "./examine.mjs";

const TOKEN = "an-operator-and-nobody-else";
const MEMBER = "a223c6b3710f85df22e9377d6c4f7553";
const SHA256 = "0813e009a92b810d4a5854f9650472c1e719ef6eded37ca4a3de755437047750";

const delivery = { cursor: 5, pending: 0, retrying: 0, failed: 0 };
const report = { member_id: MEMBER, state: "active", last_seq: 5, delivery, held: [], reported_at: "2026-01-05T09:00:00.000Z" };
const portal = { member_id: MEMBER, state: "active", tokens: [], log: { first_seq: 1, last_seq: 5 }, delivery, held: [], record: "same", configuration_errors: [] };
const destination = { name: "default", paused: false, delivery };
const problem = (status, code) => [status, { type: "about:blank", title: code, status, code, detail: "a detail" }];

const metrics = (waiting, unreadable) =>
  `# TYPE bitrix24_relay_events_queued gauge\nbitrix24_relay_events_queued{state="waiting"} ${waiting}\nbitrix24_relay_events_queued{state="unreadable"} ${unreadable}\n`;

/** What a relay answers that is well; each test changes some of it. */
const WELL = {
  "/healthz": [200, { status: "ok", time: new Date().toISOString() }],
  "/metrics": [200, metrics(0, 0)],
  "/portals?limit=1": [200, { portals: [report], next: null, configuration_errors: [] }],
  "/portals?limit=500": [200, { portals: [report], next: null, configuration_errors: [] }],
  "/portals?state=unknown&limit=500": [200, { portals: [], next: null, configuration_errors: [] }],
  [`/portals/${MEMBER}`]: [200, portal],
  [`/portals/${MEMBER}/destinations`]: [200, { destinations: [destination] }],
  [`/portals/${MEMBER}/destinations/default/test`]: [200, { delivered: true, status: 204, latency_ms: 12 }],
};

async function findings(changes, now = Date.now(), options, asked = []) {
  const answers = { ...WELL, ...changes };
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [status, body] = answers[request.url] ?? problem(404, "not_found");
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await examine(new Api(`http://127.0.0.1:${server.address().port}`, TOKEN), now, options);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The one finding of a set-up. */
async function only(changes, now) {
  const all = await findings(changes, now);
  assert.equal(all.length, 1, JSON.stringify(all));
  return all[0];
}

const withPortal = (changes) => ({ [`/portals/${MEMBER}`]: [200, { ...portal, ...changes }] });
const withDelivery = (changes) => withPortal({ delivery: { ...delivery, ...changes } });
const tested = (report) => ({ [`/portals/${MEMBER}/destinations/default/test`]: [200, { delivered: false, latency_ms: 12, ...report }] });

test("nothing is wrong where nothing is wrong", async () => assert.deepEqual(await findings({}), []));

test("it reads, sends test events, and changes nothing", async () => {
  const asked = [];
  const destinations = Array.from({ length: 25 }, (_, number) => ({ ...destination, name: `d${number}` }));
  const answers = destinations.map(({ name }) => [`/portals/${MEMBER}/destinations/${name}/test`, [200, { delivered: true, status: 204, latency_ms: 12 }]]);
  const found = await findings({ [`/portals/${MEMBER}/destinations`]: [200, { destinations }], ...Object.fromEntries(answers) }, Date.now(), undefined, asked);
  assert.deepEqual(found.map(({ what }) => what), ["only 20 destinations were sent a test event"]);
  const others = asked.filter((call) => !call.startsWith("GET "));
  assert.equal(others.length, 20);
  assert.ok(others.every((call) => /^POST .*\/test$/.test(call)), String(others));
});

test("nobody listens at the address", async () => {
  const [{ severity, remedy }] = await examine(new Api("http://127.0.0.1:1", TOKEN), Date.now());
  assert.equal(severity, "error");
  assert.match(remedy, /Is RELAY the right address/);
});

test("something else listens at the address", async () => {
  const { what, remedy } = await only({ "/healthz": [200, "<html>"] });
  assert.match(what, /not by a relay/);
  assert.match(remedy, /Worker's own address/);
});

test("a variable cannot be read", async () => {
  const { what, remedy } = await only({ "/healthz": [503, { status: "misconfigured", errors: [{ variable: "FORWARD_SECRET", message: "needed with FORWARD_URL" }] }] });
  assert.match(what, /FORWARD_SECRET/);
  assert.match(remedy, /wrangler secret put FORWARD_SECRET/);
});

test("the token is another one", async () => {
  assert.match((await only({ "/portals?limit=1": problem(401, "unauthorized") })).remedy, /wrangler secret put ADMIN_TOKEN/);
});

test("the relay has no token yet", async () => {
  assert.match((await only({ "/portals?limit=1": problem(503, "not_configured") })).remedy, /openssl rand/);
});

test("the token is one that only reads", async () => {
  assert.match((await only({ "/portals?limit=1": problem(403, "not_allowed") })).what, /READ_TOKENS/);
});

test("the Directory does not answer", async () => {
  assert.match((await only({ "/portals?limit=1": problem(503, "unavailable") })).remedy, /directory unreachable/);
});

test("the clocks differ", async () => {
  assert.match((await only({}, Date.now() + 600_000)).remedy, /NTP/);
});

test("the key is gone that events in KV were sealed under", async () => {
  const { severity, what, remedy } = await only({ "/metrics": [200, metrics(0, 12)] });
  assert.equal(severity, "error");
  assert.match(what, /12 events .* cannot be read: VAULT_KEY/);
  assert.match(remedy, /Within a week .* wrangler secret put VAULT_KEY/);
});

test("events wait in KV for a portal's object", async () => {
  const { severity, what } = await only({ "/metrics": [200, metrics(3, 0)] });
  assert.deepEqual([severity, what.slice(0, 21)], ["warning", "3 events wait in KV, "]);
});

test("a relay that does not tell what waits in KV has nothing wrong", async () => {
  for (const answer of [problem(503, "unavailable"), [200, ""]]) assert.deepEqual(await findings({ "/metrics": answer }), []);
});

test("no portal is registered", async () => {
  const none = [200, { portals: [], next: null, configuration_errors: [] }];
  assert.match((await only({ "/portals?limit=1": none, "/portals?limit=500": none })).remedy, /outgoing webhook/);
});

test("a portal that nobody registered sends", async () => {
  const stranger = { ...report, member_id: "stranger", state: "unknown", held: [{ sha256: SHA256, events: 3, oldest: "2026-01-05T09:00:00.000Z" }] };
  const { what, remedy } = await only({ "/portals?state=unknown&limit=500": [200, { portals: [stranger], next: null }] });
  assert.match(what, /3 of its events are held/);
  assert.match(remedy, /add-webhook stranger/);
});

test("a second webhook of a portal is not registered", async () => {
  const { remedy } = await only(withPortal({ held: [{ sha256: SHA256, events: 2, oldest: "2026-01-05T09:00:00.000Z" }] }));
  assert.match(remedy, /sha256sum/);
});

test("a portal was revoked", async () => {
  assert.match((await only(withPortal({ state: "revoked" }))).remedy, /Register a token again/);
});

test("the destination is down", async () => {
  const { what, remedy } = await only(withDelivery({ pending: 7, circuit_open_until: "2026-01-05T09:00:00.000Z", last_error: "the destination answered 502" }));
  assert.match(what, /answered 502/);
  assert.match(remedy, /go on by themselves/);
});

test("a destination that said that it is gone is paused", async () => {
  const { what, remedy } = await only(withDelivery({ pending: 7, paused: "the destination answered 410" }));
  assert.match(what, /7 events wait/);
  assert.match(remedy, new RegExp(`destinations resume ${MEMBER} default`));
});

test("events failed for good", async () => {
  const { what, remedy } = await only(withDelivery({ failed: 4, last_error: "the destination answered 422" }));
  assert.match(what, /4 events .* 422/);
  assert.match(remedy, new RegExp(`replay ${MEMBER} --state failed`));
});

test("what is due is not sent", async () => {
  const { what, remedy } = await only(withDelivery({ pending: 7, due_since: new Date(Date.now() - 3 * 3_600_000).toISOString() }));
  assert.match(what, /due for 3 h/);
  assert.match(remedy, /cron trigger/);
});

for (const [report, remedy] of [
  [{ status: 401, error: "the destination answered 401" }, /FORWARD_SECRET/],
  [{ status: 404, error: "the destination answered 404" }, /path of its URL/],
  [{ status: 302, error: "the destination answered 302" }, /Redirects are not followed/],
  [{ status: 500, error: "the destination answered 500" }, /endpoint's log/],
  [{ error: "no answer in time" }, /15 seconds/],
  [{ error: "the request could not be made: no binding CRM" }, /binding in wrangler.toml/],
  [{ error: "the connection failed: refused" }, /Does the endpoint run/],
]) {
  test(`a test event tells: ${report.error}`, async () => assert.match((await only(tested(report))).remedy, remedy));
}

test("no test event is sent where none is wanted, or to one that is paused", async () => {
  const failing = tested({ status: 401, error: "the destination answered 401" });
  assert.deepEqual(await findings(failing, Date.now(), { sendsTests: false }), []);
  const paused = { [`/portals/${MEMBER}/destinations`]: [200, { destinations: [{ ...destination, paused: true }] }] };
  assert.deepEqual(await findings({ ...failing, ...paused }), []);
});

for (const [state, remedy] of [
  ["missing", /writes it anew/],
  ["different", /has to be registered/],
  ["unreadable", /bound as INSTALLS/],
]) {
  test(`the record in KV is ${state}`, async () => assert.match((await only(withPortal({ record: state }))).remedy, remedy));
}

const subscribed = (changes) => {
  const subscriptions = { checked_at: "2026-01-05T09:00:00.000Z", desired: ["ONCRMDEALADD"], actual: [{ event: "ONCRMDEALADD" }], failed: [], error: null };
  return withPortal({ application: { subscriptions: { ...subscriptions, ...changes } } });
};

test("subscriptions are as they should be", async () => assert.deepEqual(await findings(subscribed({})), []));

test("a subscription is missing", async () => {
  const { what, remedy } = await only(subscribed({ actual: [] }));
  assert.match(what, /ONCRMDEALADD/);
  assert.match(remedy, new RegExp(`sync ${MEMBER}`));
});

test("the application lacks a permission", async () => {
  const failed = [{ event: "ONCRMDEALADD", code: "INSUFFICIENT_SCOPE", missing_scope: "crm" }];
  assert.match((await only(subscribed({ failed }))).remedy, /permissions crm/);
});

test("the application of a portal that the operator revoked needs nobody", async () => {
  const application = { state: "revoked", advice: "Register it again." };
  assert.match((await only(withPortal({ state: "revoked", application }))).what, /is revoked: its events are refused/);
});

test("the application needs a person", async () => {
  const advice = "Ask an administrator of the portal to open the application.";
  assert.equal((await only(withPortal({ application: { advice } }))).remedy, advice);
});

test("the object of a portal does not answer", async () => {
  assert.match((await only({ [`/portals/${MEMBER}`]: problem(503, "unavailable") })).remedy, /portal unreachable/);
});
