// The destination: what an integrator's endpoint does, with the official packages of both standards.

import { createServer } from "node:http";
import { HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { readBody } from "../../tests/portal/wire/body.mjs";

/** Far above any event; the relay takes no more than 1 MiB from Bitrix24. */
const MAX_BODY_BYTES = 4 << 20;

/**
 * Listens on `port` of the loopback interface, and calls `onDelivery` with what each delivery turned out to be:
 * `{ id, event, signature, problem }`, where `problem` says in words what is wrong with it, if anything is.
 */
export async function startReceiver({ port, secret, onDelivery }) {
  const webhook = new Webhook(secret);
  const server = createServer(async (request, response) => {
    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === undefined) return response.writeHead(413).end();
    const delivery = judge(webhook, request.headers, body);
    response.writeHead(delivery.problem === undefined ? 204 : 400).end();
    onDelivery(delivery);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}/`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Checks the signature first, and reads only what is signed. */
export function judge(webhook, headers, body) {
  const id = headers["webhook-id"];
  try {
    webhook.verify(body, headers);
  } catch (error) {
    return { id, signature: "BAD", problem: error.message };
  }
  try {
    // Throws where CloudEvents 1.0 is not kept.
    const event = HTTP.toEvent({ headers, body });
    event.validate();
    const problem = event.id === id ? undefined : `the event's id is ${event.id}`;
    return { id, event, signature: "ok", problem };
  } catch (error) {
    return { id, signature: "ok", problem: `not a CloudEvent: ${error.message}` };
  }
}
