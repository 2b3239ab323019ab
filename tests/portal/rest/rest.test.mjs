import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMAIN, OAUTH, RELAY, withSimulator } from "../test-support.mjs";

const HANDLER = `${RELAY}/events`;

const installed = (body, options = {}) =>
  withSimulator({ application: {}, ...options }, async (bed) => {
    await bed.control("install");
    const { access_token } = await bed.control("token");
    const call = async (method, parameters = {}, auth = access_token) => (await bed.rest(method, { auth, ...parameters })).body;
    await body({ ...bed, call }, access_token);
  });

test("an application asks about itself and its user", () =>
  installed(async ({ call, control }) => {
    const { result, time } = await call("app.info");
    assert.deepEqual([result.INSTALLED, result.PAYMENT_EXPIRED, result.VERSION, result.LANGUAGE_ID], [true, "N", 1, "en"]);
    assert.equal(typeof time.start, "number");
    assert.deepEqual((await call("profile")).result, { ID: "1", ADMIN: true, NAME: "Anna", LAST_NAME: "Keller", PERSONAL_GENDER: "", TIME_ZONE: "" });
    const employee = await control("token", { user: 2 });
    assert.equal((await call("user.admin", {}, employee.access_token)).result, false);
    await control("install.set", { payment_expired: true });
    assert.equal((await call("app.info")).result.PAYMENT_EXPIRED, "Y");
  }));

test("a handler is bound, listed without an id, and unbound", () =>
  installed(async ({ call }) => {
    assert.equal((await call("event.bind", { event: "onCalendarEntryAdd", handler: HANDLER })).result, true);
    assert.deepEqual((await call("event.get")).result.at(-1), { event: "ONCALENDARENTRYADD", handler: HANDLER, auth_type: "0", offline: 0 });
    assert.deepEqual((await call("event.unbind", { EVENT: "ONCALENDARENTRYADD", HANDLER })).result, { count: 1 });
    assert.deepEqual((await call("event.unbind", { event: "ONCALENDARENTRYADD", handler: HANDLER })).result, { count: 0 });
  }));

test("event.bind refuses as Bitrix24 does", () =>
  installed(async ({ call, rest, control }, auth) => {
    const refused = async (parameters) => {
      const { status, body } = await rest("event.bind", { auth, event: "ONCALENDARENTRYADD", handler: HANDLER, ...parameters });
      return `${status} ${body.error} ${body.error_description}`;
    };
    assert.match(await refused({ event: "" }), /^400 ERROR_ARGUMENT Argument 'EVENT'/);
    assert.match(await refused({ handler: "" }), /^400 ERROR_ARGUMENT Argument 'HANDLER'/);
    assert.match(await refused({ event: "ONNOSUCHTHING" }), /^400 ERROR_EVENT_NOT_FOUND/);
    assert.match(await refused({ event: "ONSALEORDERSAVED" }), /^400 ERROR_EVENT_NOT_FOUND/, "its scope is missing");
    assert.match(await refused({ handler: "ftp://relay.example.com/" }), /^400 ERROR_UNSUPPORTED_PROTOCOL/);
    assert.match(await refused({ handler: "https://localhost/events" }), /^400 ERROR_WRONG_HANDLER_URL/);
    const longest = `${RELAY}/`.padEnd(255, "a");
    assert.match(await refused({ handler: `${longest}a` }), /^400 ERROR_CORE Unable to set event handler/);
    assert.equal((await call("event.bind", { event: "ONCALENDARENTRYADD", handler: longest })).result, true);
    assert.match(await refused({ handler: longest }), /^400 ERROR_CORE Unable to set event handler: Handler already binded$/);
    assert.equal(
      (await call("event.bind", { event: "ONCALENDARENTRYADD", handler: longest, auth_type: 1 })).result,
      true,
      "for another user it is another handler",
    );
    const { access_token } = await control("token", { user: 2 });
    const byEmployee = (parameters) => rest("event.bind", { auth: access_token, event: "ONCALENDARENTRYADD", handler: HANDLER, ...parameters });
    assert.equal((await byEmployee({ auth_type: 1 })).status, 403);
    assert.equal((await byEmployee({ event_type: "offline" })).body.error, "ACCESS_DENIED");
    assert.equal((await byEmployee({})).body.result, true);
    assert.deepEqual((await call("event.get", {}, access_token)).result, [
      { event: "ONCALENDARENTRYADD", handler: HANDLER, auth_type: "2", offline: 0 },
    ]);
  }));

test("a batch answers each command by its name, and goes on after an error", () =>
  installed(async ({ call }) => {
    const cmd = {
      who: "profile",
      bad: "event.bind?event=ONNOSUCHTHING&handler=https%3A%2F%2Fa.b",
      nested: "batch?cmd[x]=profile",
      deal: "crm.deal.get?id=$result[who][ID]",
      none: "no.such",
    };
    const { result } = await call("batch", { halt: 0, cmd });
    assert.equal(result.result.who.ID, "1");
    assert.deepEqual(Object.keys(result.result_error), ["bad", "nested", "deal", "none"]);
    assert.equal(result.result_error.nested.error, "ERROR_BATCH_METHOD_NOT_ALLOWED");
    assert.equal(result.result_error.none.error, "ERROR_METHOD_NOT_FOUND");
    const halted = (await call("batch", { halt: 1, cmd })).result;
    assert.deepEqual(Object.keys(halted.result_error), ["bad"]);
    assert.deepEqual((await call("batch", { cmd: ["profile", "profile"] })).result.result.length, 2, "a list gives a list");
    assert.deepEqual((await call("batch", { cmd: { a: "no.such" } })).result.result, [], "nothing is an empty list, as PHP writes it");
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`c${index}`, "user.admin"]));
    assert.deepEqual(
      Object.values((await call("batch", { cmd: many })).result.result_error).map(({ error }) => error),
      ["ERROR_BATCH_LENGTH_EXCEEDED"],
    );
  }));

test("what was changed can be read", () =>
  installed(async ({ call, control, rest }, auth) => {
    await control("event", { event: "ONCALENDARENTRYADD", id: "7", fields: { NAME: "Board" } });
    assert.equal((await call("calendar.event.getbyid", { id: 7 })).result.NAME, "Board");
    assert.equal((await call("calendar.event.getbyid", { id: 8 })).result, null);
    await control("object.put", { type: "tasks.task", id: "5", fields: { title: "Write" } });
    assert.equal((await call("tasks.task.get", { taskId: 5 })).result.task.title, "Write");
    assert.deepEqual((await call("tasks.task.get", { taskId: 6 })).result, []);
    await control("object.put", { type: "crm.deal", id: "1" });
    assert.equal((await call("crm.deal.get", { ID: 1 })).result.TITLE, "Deal 1");
    const { status, body } = await rest("crm.deal.get", { auth, id: 2 });
    assert.deepEqual([status, body.error_description], [400, "Not found"]);
  }));

test("a method that the simulator does not have answers what was written for it", () =>
  installed(async ({ call, control, operation }) => {
    await control("method", { method: "crm.requisite.get", result: { ID: "3" }, scope: "crm" });
    await control("method", { method: "sale.order.get", result: {}, scope: "sale" });
    await control("method", { method: "task.stages.get", error: "ACCESS_DENIED", status: 403 });
    const { result } = await call("batch", { cmd: { a: "crm.requisite.get?id=3", b: "sale.order.get?id=1", c: "task.stages.get" } });
    assert.deepEqual(
      [result.result.a, result.result_error.b.error, result.result_error.c.error],
      [{ ID: "3" }, "insufficient_scope", "ACCESS_DENIED"],
    );
    assert.equal((await operation("method", { method: "profile", result: {} })).status, 400);
  }));

test("whoever may not call is told why", () =>
  installed(async ({ rest, control, application }, auth) => {
    const refused = async (method, parameters) => {
      const { status, body } = await rest(method, parameters);
      return `${status} ${body.error}`;
    };
    assert.equal(await refused("profile", {}), "401 NO_AUTH_FOUND");
    assert.equal(await refused("profile", { auth: "0".repeat(70) }), "401 invalid_token");
    assert.equal(await refused("no.such.method", { auth }), "404 ERROR_METHOD_NOT_FOUND");
    await control("application.set", { scope: ["crm"] });
    assert.equal(await refused("calendar.event.getbyid", { auth, id: 1 }), "403 insufficient_scope");
    await control("install.set", { allowed_users: [2] });
    assert.equal(await refused("profile", { auth }), "403 user_access_error");
    await control("install.set", { allowed_users: null });
    await control("portal.add", { domain: "other.bitrix24.de" });
    await control("install", { portal: "other.bitrix24.de", client_id: application.client_id });
    const other = await control("token", { portal: "other.bitrix24.de" });
    assert.equal(await refused("profile", { auth: other.access_token }), "401 invalid_token", "a token of one portal is none at another");
    await control("tokens.expire", { portal: DOMAIN });
    assert.equal(await refused("profile", { auth }), "401 expired_token");
    await control("portal.set", { portal: DOMAIN, deleted: true });
    assert.equal(await refused("profile", { auth }), "500 PORTAL_DELETED");
  }));

test("the 51st request at once is refused, and a second later two fit again", () =>
  installed(
    async ({ call, control }) => {
      for (let index = 0; index < 50; index += 1) assert.equal((await call("user.admin")).result, true);
      assert.equal((await call("user.admin")).error, "QUERY_LIMIT_EXCEEDED");
      await control("clock.advance", { seconds: 1 });
      const after = [await call("user.admin"), await call("user.admin"), await call("user.admin")];
      assert.deepEqual(
        after.map(({ error }) => error),
        [undefined, undefined, "QUERY_LIMIT_EXCEEDED"],
      );
    },
    { now: Date.parse("2026-11-22T12:00:00Z") },
  ));

test("a renamed portal sends callers from its old address to the new one, where the same token works", () =>
  installed(async ({ rest, post, get, control }, auth) => {
    await control("portal.rename", { domain: "new-name.bitrix24.com" });
    const { status, headers } = await rest("profile?x=1", { auth });
    assert.deepEqual([status, headers.get("location")], [302, "https://new-name.bitrix24.com/rest/profile?x=1"]);
    assert.equal((await post("new-name.bitrix24.com", "/rest/profile", { auth })).status, 200);
    assert.equal((await get(OAUTH, `/rest/app.info?auth=${auth}`)).body.result.install.domain, "new-name.bitrix24.com");
  }));
