// A relay with portals in every state, a destination that takes some events and refuses others, and a Chromium.

import { createServer } from "node:http";
import { readBody } from "../../portal/wire/body.mjs";
import { startSimulator } from "../../portal/simulator.mjs";
import { ADMIN_TOKEN, CLIENT_SECRET, ORIGIN, startBrowser, startRelay } from "../bed.mjs";
import { portalOf } from "./portal.mjs";

/** What the tests may ask of the destination. */
const refusals = { "com.bitrix24.crm.lead.add": [422, "no such pipeline"] };

/**
 * Starts all of it; `vars` and `harness` are variables and options besides. `relay` has `url` and `control`, `call` makes a call of
 * the API, `portal` names a portal with an outgoing webhook, and `simulator` has another one, for the application.
 */
export async function startBed(vars = {}, harness = {}) {
  const endings = [];
  const stop = async () => {
    for (const end of endings.reverse()) await end();
  };
  try {
    const simulator = await startSimulator({ addresses: "real" });
    endings.push(() => simulator.stop());
    const forwardTo = await startDestination(endings);
    await simulator.operate("portal.add", { domain: "atlas.bitrix24.com" });
    const { client_id } = await simulator.operate("application.add", {
      url_install: `${ORIGIN}/install`,
      url_handler: `${ORIGIN}/install`,
      client_secret: CLIENT_SECRET,
      scope: ["calendar"],
    });
    const more = { simulator: simulator.url, forwardTo, assets: true, ...harness };
    const relay = await startRelay(more, { ...VARIABLES, B24_CLIENT_ID: client_id, ...vars }, endings);
    await simulator.operate("origin", { origin: ORIGIN, at: relay.url });
    const browser = await startBrowser(endings);
    const call = (method, path, body) => callApi(relay.url, method, path, body);
    return { simulator, relay, browser, call, portal: (number) => portalOf(relay.url, number), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const VARIABLES = {
  FORWARD_URL: "https://internal.example.com/bitrix24",
  FORWARD_BINDING: "INTERNAL",
  FORWARD_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  // Two attempts, the second a second after the first: what fails has failed for good while a test waits.
  RETRY_SCHEDULE: "1",
};

async function callApi(relay, method, path, body) {
  const response = await fetch(relay + path, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}` }, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A destination that refuses some types for good, and is down for whoever calls it `crm`. */
async function startDestination(endings) {
  const server = createServer(async (request, response) => {
    const body = await readBody(request, 4 << 20);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 120));
    const isDown = new URL(request.headers["x-called-as"]).hostname.startsWith("crm.");
    const [status, text] = isDown ? [503, "down for maintenance"] : (refusals[JSON.parse(body).type] ?? [204]);
    response.writeHead(status).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => (server.close(), server.closeAllConnections()));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** Waits until `look` gives something. */
export async function until(what, look, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
