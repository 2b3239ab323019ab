// What the tests of the simulator stand on: a simulator with a portal, an application, and a handler that records.

import { createServer } from "node:http";
import { parseForm } from "./wire/parse.mjs";
import { startSimulator } from "./simulator.mjs";

export const DOMAIN = "some-domain.bitrix24.com";
export const OAUTH = "oauth.bitrix.info";
export const RELAY = "https://relay.example.com";

/**
 * Runs `body` with a simulator, with a portal and an application if `application` says which. What the test gets: `control`
 * runs an operation, `get` and `post` call a host of the simulated world, `rest` a method of the portal, and `handler` is what
 * stands at `RELAY`.
 */
export async function withSimulator({ application, portal = {}, ...options }, body) {
  const handler = await startHandler();
  const simulator = await startSimulator({ seed: "a test", ...options });
  try {
    const bed = bedOf(simulator, handler);
    await bed.control("origin", { origin: RELAY, at: handler.url });
    bed.portal = await bed.control("portal.add", { domain: DOMAIN, ...portal });
    if (application !== undefined) bed.application = await bed.control("application.add", { url_install: `${RELAY}/install`, ...application });
    await body(bed);
  } finally {
    simulator.stop();
    handler.stop();
  }
}

function bedOf(simulator, handler) {
  const ask = async (url, options) => {
    const response = await fetch(url, { redirect: "manual", ...options });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  };
  const json = (parameters, headers = {}) => ({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(parameters),
  });
  const operation = (name, parameters = {}) => ask(`${simulator.control}/${name}`, json(parameters));
  const post = (host, path, parameters) => ask(simulator.url, json(parameters, { "x-original-url": `https://${host}${path}` }));
  return {
    simulator,
    handler,
    operation,
    post,
    get: (host, path) => ask(simulator.url, { headers: { "x-original-url": `https://${host}${path}` } }),
    rest: (method, parameters) => post(DOMAIN, `/rest/${method}`, parameters),
    async control(name, parameters) {
      const { status, body, text } = await operation(name, parameters);
      if (status !== 200) throw new Error(`${name} answered ${status}: ${text}`);
      return body;
    },
    renew(application, refresh_token) {
      const { client_id, client_secret } = application;
      return post(OAUTH, "/oauth/token/", { grant_type: "refresh_token", client_id, client_secret, refresh_token });
    },
  };
}

/** A handler: records forms in `received`, and answers as `answer` (a function of the form) says. */
async function startHandler() {
  const handler = { received: [], answer: () => ({ status: 200 }) };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const form = JSON.parse(JSON.stringify(parseForm(raw)));
    handler.received.push({ url: request.url, headers: request.headers, raw, form });
    const { status = 200, after = 0 } = handler.answer(form);
    setTimeout(() => response.writeHead(status).end("{}"), after);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(handler, {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  });
}
