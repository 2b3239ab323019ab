// A portal's REST: who calls, whether they may, and which method answers.

import { looksLikeToken } from "../world/tokens.mjs";
import { RestError } from "./error.mjs";
import { METHODS } from "./methods.mjs";
import { takeRequest } from "./rate-limit.mjs";
import { formatTime } from "./time.mjs";

const NO_AUTH = new RestError(401, "NO_AUTH_FOUND", "Wrong authorization data");

/** The method of a path: `event.bind` of `/rest/event.bind.json`; `undefined` where it is no call. */
export const methodOf = (path) => /^\/rest\/([A-Za-z0-9_.]+?)(\.json)?\/?$/.exec(path)?.[1].toLowerCase();

/** Answers one call: `{ status, body }`. `caller` is whom the rate limit counts for. */
export function answerRest(world, portal, method, parameters, caller) {
  const start = world.clock.now();
  try {
    if (portal.deleted) throw new RestError(500, "PORTAL_DELETED", "Portal was deleted");
    if (!takeRequest(world, portal, caller)) throw new RestError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests");
    const context = contextOf(world, portal, parameters.auth);
    const result = call(context, method, parameters);
    return { status: 200, body: { result, time: formatTime(start, world.clock.now()) } };
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return { status: error.status, body: error.body };
  }
}

/** Runs a method for whom the context says; also each command of a `batch`. */
export function call(context, method, parameters) {
  const known = METHODS[method] ?? scripted(context.portal.answers.get(method));
  if (known === undefined) throw new RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!");
  if (known.scope !== undefined && !context.install.application.scope.includes(known.scope)) {
    throw new RestError(403, "insufficient_scope", "The request requires higher privileges than provided by the access token");
  }
  return known.run({ ...context, call: (inner, its) => call(context, inner, its) }, parameters);
}

/** A method that somebody wrote an answer for. */
function scripted(answer) {
  if (answer === undefined) return undefined;
  const { scope, result, error, error_description, status = 400 } = answer;
  return {
    scope,
    run() {
      if (error !== undefined) throw new RestError(status, error, error_description ?? "");
      return result ?? null;
    },
  };
}

/** Who calls: the installation and the user that the token was minted for. */
function contextOf(world, portal, auth) {
  if (!looksLikeToken(auth)) throw NO_AUTH;
  const token = world.tokens.find("access", auth);
  if (token === undefined || token.install.portal !== portal || token.state !== "valid") {
    throw new RestError(401, "invalid_token", "Unable to get application by token");
  }
  if (world.tokens.isOver(token)) throw new RestError(401, "expired_token", "The access token provided has expired.");
  const { install, user } = token;
  if (install.payment_required) throw new RestError(401, "PAYMENT_REQUIRED", "Payment required");
  // Before its installation is complete, only administrators see an application.
  const mayUse = (install.installed || user.admin) && (install.allowed_users === undefined || install.allowed_users.includes(user.id));
  if (!mayUse) throw new RestError(403, "user_access_error", "The user does not have access to the application.");
  return { world, portal, install, user };
}
