// The OAuth server: tells what a token is, and renews it.

import { formatTime } from "../rest/time.mjs";
import { looksLikeToken } from "../world/tokens.mjs";

const refuse = (status, error, description) => ({ status, body: description === undefined ? { error } : { error, error_description: description } });

const NO_AUTH = refuse(401, "NO_AUTH_FOUND", "Wrong authorization data");
const NOT_INSTALLED = refuse(401, "NOT_INSTALLED", "Application not installed");
/** The documentation names no status for this one. */
const PAYMENT_REQUIRED = refuse(401, "PAYMENT_REQUIRED", "Payment required");

/** The REST methods and paths of the OAuth server; `undefined` where it has none. */
export function answerOAuth(world, host, path, parameters) {
  if (/^\/oauth\/token\/?$/.test(path)) return renew(world, host, parameters);
  if (/^\/rest\/app\.info(\.json)?\/?$/.test(path)) return tellApplication(world, parameters);
  return undefined;
}

/** `app.info` of the OAuth server: whose token this is. Reading it changes nothing, and needs no secret. */
function tellApplication(world, { auth }) {
  const start = world.clock.now();
  if (!looksLikeToken(auth)) return NO_AUTH;
  const token = world.tokens.find("access", auth);
  if (token === undefined) return refuse(400, "invalid_client");
  if (!token.install.active) return NOT_INSTALLED;
  if (token.state !== "valid") return refuse(400, "invalid_client");
  if (world.tokens.isOver(token)) return refuse(401, "expired_token", "The access token provided has expired.");
  const { install, user, expires } = token;
  const { portal, application } = install;
  const scope = application.scope.join(",");
  const result = {
    client_id: application.client_id,
    scope,
    expires: new Date(expires * 1000).toISOString().replace(".000Z", "+00:00"),
    user_id: user.id,
    install: {
      installed: install.installed,
      version: String(install.version),
      status: application.status,
      scope,
      domain: portal.domain,
      uri: world.address(portal.domain),
      client_endpoint: `${world.address(portal.domain)}/rest/`,
      member_id: portal.member_id,
      member_type: "user",
    },
  };
  return { status: 200, body: { result, time: formatTime(start, world.clock.now()) } };
}

/** `/oauth/token/`, by GET or POST: a refresh token is exchanged for a new pair, and is used up. */
function renew(world, host, { grant_type, client_id, client_secret, refresh_token }) {
  if (grant_type !== "refresh_token") return refuse(400, "invalid_request", 'Parameter "grant_type" has to be "refresh_token"');
  if (!client_id) return refuse(400, "invalid_request", 'No "client_id" parameter found');
  const application = world.applications.find((application) => application.client_id === client_id);
  // With status 200, as the real one has it.
  if (application === undefined) return refuse(200, "wrong_client");
  if (client_secret !== application.client_secret) return refuse(400, "invalid_client");
  if (!refresh_token) return refuse(400, "invalid_request", 'No "refresh_token" parameter found');
  const token = world.tokens.find("refresh", refresh_token);
  if (token === undefined || token.install.application !== application || world.tokens.isOver(token)) return refuse(400, "invalid_grant");
  const { install, user } = token;
  if (!install.active) return NOT_INSTALLED;
  if (!isUsable(world, token)) return refuse(400, "invalid_grant");
  if (install.payment_required) return PAYMENT_REQUIRED;
  return { status: 200, body: pairFor(world, host, token, install, user) };
}

/** A refresh token works once, and for a while longer where the settings say so. */
const isUsable = (world, { state, used }) => state === "valid" || (state === "used" && world.clock.seconds() < used + world.settings.refresh_grace);

function pairFor(world, host, spent, install, user) {
  const { portal, application } = install;
  Object.assign(spent, { state: "used", used: spent.used ?? world.clock.seconds() });
  const { access, refresh } = world.tokens.pair(install, user);
  return {
    access_token: access.value,
    client_endpoint: `${world.address(portal.domain)}/rest/`,
    // The OAuth server's own, not the portal's.
    domain: host,
    expires: access.expires,
    expires_in: access.expires - world.clock.seconds(),
    member_id: portal.member_id,
    refresh_token: refresh.value,
    scope: application.scope.join(","),
    server_endpoint: `${world.address(host)}/rest/`,
    status: application.status,
    user_id: user.id,
  };
}
