// Operations that make things go wrong, or let time pass.

import { Misuse } from "../world/misuse.mjs";
import { findApplication } from "../world/application.mjs";
import { findPortal } from "../world/portal.mjs";

export const troubleOperations = {
  fault: {
    does: "makes requests go wrong: kind (delay, answer, reset, lose, hang) [, host, path, method, times, skip, ms, status, body, headers]",
    run(world, fault) {
      try {
        world.faults.add(fault);
      } catch (error) {
        throw new Misuse(error.message);
      }
      return { faults: world.faults.all() };
    },
  },
  "fault.clear": { does: "forgets all faults that have not happened yet", run: (world) => world.faults.clear() },
  "tokens.expire": {
    does: "lets tokens end now: [kind (access, refresh), portal, client_id]",
    run(world, { kind = "access", portal, client_id }) {
      const where = portal === undefined ? undefined : findPortal(world, portal);
      const application = client_id === undefined ? undefined : findApplication(world, client_id);
      const matches = ({ install }) =>
        (where === undefined || install.portal === where) && (application === undefined || install.application === application);
      return { expired: world.tokens.expire(kind, matches) };
    },
  },
  "clock.advance": {
    does: "lets time pass for tokens and limits: seconds",
    run(world, { seconds }) {
      if (typeof seconds !== "number" || seconds < 0) throw new Misuse("seconds is a number, not below 0");
      world.clock.advance(seconds);
      return { now: new Date(world.clock.now()).toISOString() };
    },
  },
  "queue.pause": {
    does: "keeps events back: [category (*, important, crm, bot, telephony, default)]",
    run: (world, { category }) => world.queue.pause(category),
  },
  "queue.resume": { does: "sends what was kept back: [category]", run: (world, { category }) => world.queue.resume(category) },
  "queue.forgive": { does: "forgets how slow handlers were", run: (world) => world.queue.forgive() },
  settings: {
    does: "changes settings, returns all of them: [rate_per_second, rate_burst, refresh_grace, queue_concurrency, queue_timeout_ms, queue_slow_ms, ...]",
    run(world, changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (!Object.hasOwn(world.settings, name))
          throw new Misuse(`there is no setting ${name}; the settings: ${Object.keys(world.settings).join(", ")}`);
        if (typeof value !== typeof world.settings[name]) throw new Misuse(`${name} is a ${typeof world.settings[name]}`);
        world.settings[name] = value;
      }
      return world.settings;
    },
  },
  origin: {
    does: "says where a public origin really is: origin (https://relay.example.com), at (http://127.0.0.1:8787)",
    run(world, { origin, at }) {
      try {
        world.origins.set(new URL(origin).origin, new URL(at).origin);
      } catch {
        throw new Misuse("origin and at are URLs");
      }
      return { origins: Object.fromEntries(world.origins) };
    },
  },
};
