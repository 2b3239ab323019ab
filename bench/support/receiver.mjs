// A destination that takes everything at once and says nothing: what the relay needs, not what a receiver does, is measured.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

/** Listens on a free port of the loopback interface. Keeps when each event arrived first, by its id. */
export async function startReceiver() {
  const arrivals = new Map();
  let repeated = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(204).end();
      const now = performance.now();
      for (const id of idsOf(request.headers, chunks)) {
        if (arrivals.has(id)) repeated += 1;
        else arrivals.set(id, now);
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    arrivals,
    /** Deliveries beyond the first of an event. */
    repeated: () => repeated,
    /** What makes the relay send here. */
    variables: {
      FORWARD_URL: `http://127.0.0.1:${server.address().port}/`,
      FORWARD_SECRET: `whsec_${randomBytes(32).toString("base64")}`,
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The ids of the events in a delivery: a batch has those of its events in its body, the rest has its own in a header. */
function idsOf(headers, chunks) {
  if (!headers["content-type"]?.startsWith("application/cloudevents-batch+json")) return [headers["webhook-id"]];
  return JSON.parse(Buffer.concat(chunks)).map(({ id }) => id);
}
