// Operations that read what happened.

import { tokenView } from "./views.mjs";

export const recordOperations = {
  calls: {
    does: "what was called in the simulated world, oldest first: [after (a seq), host, method]",
    run: (world, { after, host, method }) => ({
      calls: world.calls.after(after).filter((call) => (host ?? call.host) === call.host && (method ?? call.method) === call.method),
    }),
  },
  deliveries: {
    does: "what was posted to handlers and pages, with the answers: [after (a seq), event]",
    run: (world, { after, event }) => ({
      deliveries: world.deliveries.after(after).filter((delivery) => (event ?? delivery.event) === delivery.event),
    }),
  },
  queue: { does: "what waits to be sent", run: (world) => ({ waiting: world.queue.waiting() }) },
  "queue.drain": { does: "answers when nothing waits any more", run: (world) => world.queue.drained() },
  tokens: {
    does: "every token and secret that was ever issued: [kind (access, refresh, application_token, client_secret)]",
    run: (world, { kind }) => ({
      tokens: world.tokens
        .all()
        .filter((token) => (kind ?? token.kind) === token.kind)
        .map(tokenView),
    }),
  },
  forget: {
    does: "empties the records of calls and deliveries",
    run(world) {
      world.calls.clear();
      world.deliveries.clear();
    },
  },
};
