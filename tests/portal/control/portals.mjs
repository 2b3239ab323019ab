// Operations on portals, on who works there, and on what changes there.

import { raise } from "../lifecycle.mjs";
import { METHODS } from "../rest/methods.mjs";
import { Misuse } from "../world/misuse.mjs";
import { TYPES, deleteObject, putObject } from "../world/objects.mjs";
import { addPortal, addUser, addWebhook, findPortal, findUser, rename } from "../world/portal.mjs";
import { portalView } from "./views.mjs";

/** Most events of one call of `event`. */
const MOST_EVENTS = 10_000;

/** The operation's promise, or nothing but the number of POSTs if it should not be waited for. */
export const outcome = async (deliveries, { wait = true }) => (wait ? { deliveries: await deliveries } : {});

export const portalOperations = {
  portals: {
    does: "lists the portals with their users, applications and webhooks",
    run: (world) => ({ portals: world.portals.map((portal) => portalView(world, portal)) }),
  },
  "portal.add": {
    does: "adds a portal: domain [, member_id, language, license, build, users]",
    run: (world, options) => portalView(world, addPortal(world, options)),
  },
  "portal.rename": {
    does: "gives a portal another address, the old one answers 302: domain [, portal]",
    run(world, { portal, domain }) {
      if (typeof domain !== "string") throw new Misuse("say the new domain");
      rename(world, findPortal(world, portal), domain);
      return portalView(world, findPortal(world, domain));
    },
  },
  "portal.set": {
    does: "changes a portal: [portal, build, language, license, deleted]",
    run(world, { portal, ...changes }) {
      const found = findPortal(world, portal);
      for (const name of ["build", "language", "license", "deleted"]) if (name in changes) found[name] = changes[name];
      return portalView(world, found);
    },
  },
  "user.add": {
    does: "adds an employee: [portal, name, last_name, admin]",
    run: (world, { portal, ...user }) => addUser(findPortal(world, portal), user),
  },
  "user.set": {
    does: "makes a user an administrator, or no longer one: user, admin [, portal]",
    run: (world, { portal, user, admin }) => Object.assign(findUser(findPortal(world, portal), user), { admin: admin === true }),
  },
  "webhook.add": {
    does: "adds an outgoing webhook: handler [, portal, events, application_token]",
    run(world, { portal, ...webhook }) {
      const { rows, ...added } = addWebhook(world, findPortal(world, portal), webhook);
      return { ...added, events: rows.map(({ event }) => event) };
    },
  },
  event: {
    does: "something changes on a portal: event [, portal, id, data, fields, user (null: a robot), count, wait]",
    async run(world, { portal, event, user, count = 1, id, wait, ...change }) {
      if (typeof event !== "string") throw new Misuse("say which event");
      if (!Number.isInteger(count) || count < 1 || count > MOST_EVENTS) throw new Misuse(`count is a number from 1 to ${MOST_EVENTS}`);
      const where = findPortal(world, portal);
      const who = user === null ? null : findUser(where, user);
      const ids = Array.from({ length: count }, (_, index) => (count === 1 || id === undefined ? id : String(Number(id) + index)));
      const all = ids.map((one) => raise(world, where, { ...change, event, id: one, user: who }));
      return outcome(
        Promise.all(all).then((deliveries) => deliveries.flat()),
        { wait },
      );
    },
  },
  "object.put": {
    does: `stores an object that the REST can read: type (${Object.keys(TYPES).join(", ")}), id [, fields, portal]`,
    run(world, { portal, type, id, fields }) {
      if (!Object.hasOwn(TYPES, type)) throw new Misuse(`type is one of ${Object.keys(TYPES).join(", ")}`);
      return putObject(findPortal(world, portal), type, id, fields);
    },
  },
  method: {
    does: "writes the answer of a REST method that the simulator does not have: method [, result, error, error_description, status, scope, portal]",
    run(world, { portal, method, ...answer }) {
      if (typeof method !== "string") throw new Misuse("say which method");
      const name = method.toLowerCase();
      if (METHODS[name] !== undefined) throw new Misuse(`${method} is there already; object.put says what it finds`);
      findPortal(world, portal).answers.set(name, answer);
    },
  },
  "object.delete": {
    does: "deletes an object: type, id [, portal]",
    run: (world, { portal, type, id }) => ({ deleted: deleteObject(findPortal(world, portal), type, id) }),
  },
};
