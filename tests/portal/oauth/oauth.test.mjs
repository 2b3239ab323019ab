import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMAIN, OAUTH, withSimulator } from "../test-support.mjs";

const installed = (body, options = {}) =>
  withSimulator({ application: {}, ...options }, async (bed) => {
    await bed.control("install");
    await body(bed, await bed.control("token"));
  });

test("app.info tells whose token it is, and costs nothing", () =>
  installed(async ({ get, application, portal }, { access_token }) => {
    const { status, body } = await get(OAUTH, `/rest/app.info?auth=${access_token}`);
    assert.equal(status, 200);
    assert.equal(body.result.client_id, application.client_id);
    assert.equal(body.result.user_id, 1);
    const { install } = body.result;
    assert.deepEqual([install.member_id, install.domain, install.client_endpoint], [portal.member_id, DOMAIN, `https://${DOMAIN}/rest/`]);
    assert.deepEqual([install.installed, install.version, install.status], [true, "1", "L"]);
    assert.match(body.result.expires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    assert.equal((await get(OAUTH, `/rest/app.info?auth=${access_token}`)).status, 200);
  }));

test("app.info refuses what is no token, an unknown one, one that has ended, one of a removed application", () =>
  installed(async ({ get, control }, { access_token }) => {
    const refused = async (auth) => {
      const { status, body } = await get(OAUTH, `/rest/app.info?auth=${auth}`);
      return `${status} ${body.error}`;
    };
    assert.equal(await refused(""), "401 NO_AUTH_FOUND");
    assert.equal(await refused("nonsense"), "401 NO_AUTH_FOUND");
    assert.equal(await refused("0".repeat(70)), "400 invalid_client");
    await control("clock.advance", { seconds: 3_600 });
    assert.equal(await refused(access_token), "401 expired_token");
    await control("uninstall");
    assert.equal(await refused(access_token), "401 NOT_INSTALLED");
  }));

test("a refresh token is exchanged once, and the new pair works", () =>
  installed(async ({ renew, rest, application, portal }, { refresh_token }) => {
    const { status, body } = await renew(application, refresh_token);
    assert.equal(status, 200);
    assert.notEqual(body.refresh_token, refresh_token);
    assert.deepEqual(
      [body.domain, body.member_id, body.client_endpoint, body.expires_in],
      [OAUTH, portal.member_id, `https://${DOMAIN}/rest/`, 3_600],
    );
    assert.equal((await rest("profile", { auth: body.access_token })).status, 200);
    assert.equal((await renew(application, refresh_token)).body.error, "invalid_grant");
    assert.equal((await renew(application, body.refresh_token)).status, 200);
  }));

test("the end of a token stands in its first four bytes", () =>
  installed(async (_, { access_token, expires }) => {
    assert.equal(Buffer.from(access_token, "hex").readUInt32LE(0), expires);
  }));

test("renewing fails as it is documented", () =>
  installed(async ({ post, renew, control, application }, { refresh_token }) => {
    const refused = async (changes) => {
      const { client_id, client_secret } = application;
      const { status, body } = await post(OAUTH, "/oauth/token/", {
        grant_type: "refresh_token",
        client_id,
        client_secret,
        refresh_token,
        ...changes,
      });
      return `${status} ${body.error}`;
    };
    assert.equal(await refused({ grant_type: "password" }), "400 invalid_request");
    assert.equal(await refused({ refresh_token: "" }), "400 invalid_request");
    assert.equal(await refused({ client_id: "local.unknown" }), "200 wrong_client");
    assert.equal(await refused({ client_secret: "wrong" }), "400 invalid_client");
    assert.equal(await refused({ refresh_token: "0".repeat(70) }), "400 invalid_grant");
    const other = await control("application.add", { url_install: "https://other.example.com/" });
    assert.equal((await renew(other, refresh_token)).body.error, "invalid_grant");
    await control("install.set", { client_id: application.client_id, payment_required: true });
    assert.equal(await refused({}), "401 PAYMENT_REQUIRED");
    await control("install.set", { client_id: application.client_id, payment_required: false });
    await control("uninstall", { client_id: application.client_id });
    assert.equal(await refused({}), "401 NOT_INSTALLED");
    await control("install", { client_id: application.client_id });
    assert.equal(await refused({}), "400 invalid_grant", "a new installation does not bring the old tokens back");
  }));

test("a refresh token ends after 180 days", () =>
  installed(async ({ renew, control, application }, { refresh_token }) => {
    await control("clock.advance", { seconds: 180 * 24 * 3_600 });
    assert.equal((await renew(application, refresh_token)).body.error, "invalid_grant");
  }));

test("a used refresh token works once more where the settings allow it", () =>
  installed(async ({ renew, control, application }, { refresh_token }) => {
    await control("settings", { refresh_grace: 30 });
    assert.equal((await renew(application, refresh_token)).status, 200);
    assert.equal((await renew(application, refresh_token)).status, 200);
    await control("clock.advance", { seconds: 30 });
    assert.equal((await renew(application, refresh_token)).body.error, "invalid_grant");
  }));

test("an answer that is lost has renewed the token all the same", () =>
  installed(async ({ renew, control, application }, { refresh_token }) => {
    await control("fault", { kind: "lose", method: "oauth/token" });
    await assert.rejects(renew(application, refresh_token));
    assert.equal((await renew(application, refresh_token)).body.error, "invalid_grant");
  }));

test("a portal in the east has its own OAuth server", () =>
  withSimulator({ portal: { domain: "portal.bitrix24.ru" }, application: {} }, async ({ control, handler, portal }) => {
    assert.deepEqual([portal.oauth_host, portal.language], ["oauth.bitrix24.tech", "ru"]);
    await control("install");
    assert.equal(handler.received[0].form.auth.server_endpoint, "https://oauth.bitrix24.tech/rest/");
  }));
