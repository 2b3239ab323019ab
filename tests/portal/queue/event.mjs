// From a change on a portal to the POSTs that tell of it: who gets one, and what stands in it.

import { bringsRefreshToken, bringsTokens, categoryOf } from "../world/catalogue.mjs";
import { isRunning } from "../world/install.mjs";

/**
 * The POSTs that an event causes: `{ category, event, handler, payload }` each, in the order of the handlers.
 *
 * `user` is who caused it; `null` for a robot or an agent, whose events bring no token.
 */
export function postsOf(world, portal, { event, data, user = null }) {
  const post = (row, auth) => ({
    category: categoryOf(event),
    event,
    handler: row.handler,
    payload: payloadOf(world, portal, event, row, data, auth),
  });
  const ofApplications = portal.installs
    .filter(isServed)
    .flatMap((install) =>
      install.handlers
        .filter((row) => row.event === event && !row.offline)
        .map((row) => post(row, authOfApplication(world, install, event, row, user))),
    );
  const ofWebhooks = portal.webhooks.flatMap(({ application_token, rows }) =>
    rows.filter((row) => row.event === event).map((row) => post(row, { ...commonAuth(world, portal), application_token })),
  );
  return [...ofApplications, ...ofWebhooks];
}

/** The POSTs about one application itself, whatever the portal's other applications listen to. */
export function postsAbout(world, install, event, data, user) {
  const { portal } = install;
  return install.handlers
    .filter((row) => row.event === event)
    .map((row) => ({
      category: "important",
      event,
      handler: row.handler,
      payload: payloadOf(world, portal, event, row, data, authOfApplication(world, install, event, row, user)),
    }));
}

/** Nothing is sent for an application whose installation is not complete, or that was not paid for; and nobody is told. */
const isServed = (install) => isRunning(install) && !install.payment_expired && !install.payment_required;

function payloadOf(world, portal, event, row, data, auth) {
  const id = portal.build === "old" ? {} : { event_handler_id: String(row.id) };
  return { event, ...id, data, ts: world.clock.seconds(), auth };
}

function authOfApplication(world, install, event, row, actor) {
  const { portal, application, application_token } = install;
  const user = row.user > 0 ? portal.users.find(({ id }) => id === row.user) : actor;
  if (user === null || user === undefined || !bringsTokens(event)) return { ...commonAuth(world, portal), application_token };
  const tokens = bringsRefreshToken(event) ? world.tokens.pair(install, user) : { access: world.tokens.access(install, user) };
  const { domain, ...endpoints } = commonAuth(world, portal);
  return {
    access_token: tokens.access.value,
    expires: tokens.access.expires,
    expires_in: tokens.access.expires - world.clock.seconds(),
    scope: application.scope.join(","),
    domain,
    server_endpoint: endpoints.server_endpoint,
    status: application.status,
    client_endpoint: endpoints.client_endpoint,
    member_id: endpoints.member_id,
    user_id: user.id,
    ...(tokens.refresh === undefined ? {} : { refresh_token: tokens.refresh.value }),
    application_token,
  };
}

const commonAuth = (world, portal) => ({
  domain: portal.domain,
  client_endpoint: `${world.address(portal.domain)}/rest/`,
  server_endpoint: `${world.address(portal.oauth_host)}/rest/`,
  member_id: portal.member_id,
});
