// Subscriptions: `event.bind`, `event.get`, `event.unbind`, `events`, `event.test`.

import { eventsOf, exists, scopeOf } from "../world/catalogue.mjs";
import { nextHandlerId } from "../world/portal.mjs";
import { RestError, denied, missing } from "./error.mjs";
import { named } from "./objects.mjs";

/** The width of the column that a portal keeps handlers in. */
const LONGEST_HANDLER = 255;

const refused = (reason) => new RestError(400, "ERROR_CORE", `Unable to set event handler: ${reason}`);

/** Registers a handler. An administrator may do it for any user, others for themselves. */
function bind({ portal, install, user }, parameters) {
  const row = rowOf(parameters, user);
  if (row.event === "") throw missing("EVENT");
  if (row.offline) {
    if (!user.admin) throw denied("Access denied! Offline events binding requires administrator access rights");
    row.handler = "";
  } else if (row.handler === "") throw missing("HANDLER");
  if (row.user !== user.id && !user.admin) {
    if (named(parameters, "auth_type") !== undefined)
      throw denied("Access denied! Event binding with AUTH_TYPE requires administrator access rights");
    row.user = user.id;
  }
  if (!mayHear(install, row.event)) throw new RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found");
  if (!row.offline) checkHandler(row.handler);
  if (install.handlers.some((known) => isSame(known, row))) throw refused("Handler already binded");
  install.handlers.push({ id: nextHandlerId(portal), ...row });
  return true;
}

const mayHear = (install, event) => exists(event) && (scopeOf(event) === "" || install.application.scope.includes(scopeOf(event)));

function checkHandler(handler) {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(handler);
  if (match === null || !/^https?$/i.test(match[1])) throw new RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol");
  if (!match[2].includes(".")) throw new RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong event handler URL");
  if (handler.length > LONGEST_HANDLER) throw refused(`The length of the field must not exceed ${LONGEST_HANDLER} characters`);
}

const isSame = (one, other) => ["event", "handler", "user", "offline", "connector"].every((name) => one[name] === other[name]);

/** All that an administrator sees, or what a user bound: without ids. */
function get({ install, user }) {
  const visible = install.handlers.filter((row) => user.admin || row.user === user.id);
  return visible.map(({ event, handler, user: as, offline, connector }) =>
    offline ? { event, connector_id: connector, offline: 1 } : { event, handler, auth_type: String(as), offline: 0 },
  );
}

/** Removes handlers with this event and address, of one user if `auth_type` names one. */
function unbind({ install, user }, parameters) {
  const { event, handler, offline, connector, user: as } = rowOf(parameters, user);
  if (event === "") throw missing("EVENT");
  if (!offline && handler === "") throw missing("HANDLER");
  if (offline && !user.admin) throw denied("Access denied! Offline events unbinding requires administrator access rights");
  const one = named(parameters, "auth_type") !== undefined;
  if (one && as !== user.id && !user.admin) throw denied("Access denied! Event unbinding with AUTH_TYPE requires administrator access rights");
  const goes = (row) =>
    row.event === event &&
    row.offline === offline &&
    (offline ? row.connector === connector : row.handler === handler) &&
    (user.admin ? !one || row.user === as : row.user === user.id);
  const before = install.handlers.length;
  install.handlers = install.handlers.filter((row) => !goes(row));
  return { count: before - install.handlers.length };
}

function rowOf(parameters, user) {
  const text = (name) => String(named(parameters, name) ?? "");
  return {
    event: text("event").toUpperCase(),
    handler: text("handler"),
    user: Number(named(parameters, "auth_type") ?? 0) || 0,
    offline: text("event_type").toLowerCase() === "offline",
    connector: text("auth_connector"),
  };
}

export const eventMethods = {
  "event.bind": { run: bind },
  "event.get": { run: get },
  "event.unbind": { run: unbind },
  events: { run: ({ install }) => eventsOf(install.application.scope) },
  "event.test": {
    run({ world, portal, user }, { auth: _, ...query }) {
      world.raise(portal, { event: "ONAPPTEST", data: { QUERY: query }, user });
      return true;
    },
  },
};
