// Portals: who works there, what is in them, and which outgoing webhooks they have.

import { createHash } from "node:crypto";
import { Misuse } from "./misuse.mjs";
import { eventsOf, scopeOf } from "./catalogue.mjs";
import { languageOf, oauthHostOf } from "./zones.mjs";

/** The administrator that every portal has; the second user is an employee. */
const USERS = [
  { name: "Anna", last_name: "Keller", admin: true },
  { name: "Boris", last_name: "Lang", admin: false },
];

/**
 * Adds a portal. `build: "old"` makes it one that sends neither APPLICATION_TOKEN nor SERVER_ENDPOINT to a page, and no
 * `event_handler_id` with an event.
 */
export function addPortal(world, { domain, member_id, language, license = `${languageOf(domain ?? "")}_ent250`, build = "new", users = USERS } = {}) {
  if (typeof domain !== "string") throw new Misuse("a portal needs a domain");
  if (findPortal(world, domain, "missing") !== undefined) throw new Misuse(`there is a portal ${domain} already`);
  if (build !== "new" && build !== "old") throw new Misuse("build is new or old");
  const portal = {
    domain,
    member_id: member_id ?? createHash("md5").update(world.random.hex(32)).digest("hex"),
    language: language ?? languageOf(domain),
    oauth_host: oauthHostOf(domain),
    license,
    build,
    deleted: false,
    former_domains: [],
    users: [],
    installs: [],
    webhooks: [],
    objects: new Map(),
    /** Answers of REST methods that the simulator does not have, by method. */
    answers: new Map(),
    buckets: new Map(),
    next: { user: 1, install: 1, handler: 1 },
  };
  for (const user of users) addUser(portal, user);
  world.portals.push(portal);
  return portal;
}

/** The portal with this domain or member_id, now or before a rename. Without a name, the only one there is. */
export function findPortal(world, name, ifMissing = "fails") {
  const found =
    name === undefined && world.portals.length === 1
      ? world.portals[0]
      : (world.portals.find(({ domain, member_id }) => domain === name || member_id === name) ??
        world.portals.find(({ former_domains }) => former_domains.includes(name)));
  if (found === undefined && ifMissing === "fails") throw new Misuse(name === undefined ? "say which portal" : `there is no portal ${name}`);
  return found;
}

export function addUser(portal, { name = "Clara", last_name = "Stein", admin = false } = {}) {
  const user = { id: portal.next.user, name, last_name, admin };
  portal.next.user += 1;
  portal.users.push(user);
  return user;
}

/** The user with this id; without one, the first administrator. */
export function findUser(portal, id) {
  const user = id === undefined ? portal.users.find(({ admin }) => admin) : portal.users.find((user) => user.id === Number(id));
  if (user === undefined) throw new Misuse(`${portal.domain} has no user ${id ?? "who is an administrator"}`);
  return user;
}

/** Gives a portal another address. The old one answers 302 from now on. */
export function rename(world, portal, domain) {
  if (findPortal(world, domain, "missing") !== undefined) throw new Misuse(`there is a portal ${domain} already`);
  portal.former_domains.push(portal.domain);
  portal.domain = domain;
}

/** Adds an outgoing webhook: one handler, one token of its own, some events; `*` is all but those of applications. */
export function addWebhook(world, portal, { handler, events = ["*"], application_token }) {
  if (typeof handler !== "string") throw new Misuse("a webhook needs a handler, the URL to call");
  const token = world.tokens.note("application_token", application_token ?? world.random.text(32), { portal });
  const names = events.includes("*") ? eventsOf(ALL_SCOPES).filter((event) => scopeOf(event) !== "") : events.map((event) => event.toUpperCase());
  const webhook = { application_token: token, handler, rows: names.map((event) => ({ id: nextHandlerId(portal), event, handler })) };
  portal.webhooks.push(webhook);
  return webhook;
}

const ALL_SCOPES = ["calendar", "crm", "task", "booking", "catalog", "imbot", "imopenlines", "log", "sale", "sign", "sonet_group", "telephony"];

/** Ids of handlers are never used twice on a portal. */
export function nextHandlerId(portal) {
  portal.next.handler += 1;
  return portal.next.handler - 1;
}
