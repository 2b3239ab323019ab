// The demo's portal: the simulated Bitrix24, with an application installed whose events go to the relay.

import { startSimulator } from "../../tests/portal/simulator.mjs";
import { Failure } from "../support/output.mjs";

/** As in Bitrix24's documentation. They are the same at every start, since the relay's log is kept. */
export const memberId = "a223c6b3710f85df22e9377d6c4f7553";
export const domain = "some-domain.bitrix24.com";
const APPLICATION_TOKEN = "51856fefc120afa4b628cc82d3935cce";

const SCOPE = ["calendar", "crm", "task", "booking", "catalog", "imbot", "imopenlines", "log", "sale", "sign", "sonet_group", "telephony"];

/** A relay on the same machine answers in milliseconds. */
const ANSWER_LIMIT_MS = 15_000;

/** Starts the portal, with every event bound to `relay`. */
export async function startPortal({ port, relay }) {
  const simulator = await startSimulator({ port, addresses: "local" });
  const { operate } = simulator;
  await operate("portal.add", { domain, member_id: memberId });
  await operate("application.add", { url_install: `${relay}/install`, interface: "page", scope: SCOPE });
  await operate("install", { application_token: APPLICATION_TOKEN });
  await operate("install.finish");
  await operate("subscribe", { handler: `${relay}/events` });
  return simulator;
}

/** Registers the portal's application token. Doing it again changes nothing. */
export async function register({ relay, adminToken }) {
  const answer = await ask(`${relay}/portals/${memberId}`, "PUT", { application_token: APPLICATION_TOKEN, domain, label: "demo" }, adminToken);
  const registered = (answer.status === 200 || answer.status === 201) && answer.json !== undefined;
  if (!registered) throw new Failure("the relay did not register the demo portal", inWords(answer));
}

/** Lets one thing happen on the portal, which tells the relay once. Returns the relay's answer: `{ status: "accepted", id, seq }`. */
export async function send({ portal }, event, id) {
  const told = await ask(`${portal}/event`, "POST", { event, id });
  if (told.status !== 200) throw new Failure("the demo's portal did not do it", inWords(told));
  const [delivery] = told.json.deliveries;
  if (delivery === undefined) throw new Failure(`Bitrix24 has no event ${event}`, "tests/fixtures/bitrix/event-catalogue.json lists those that it has.");
  const answer = parsed(delivery.body ?? "");
  if (delivery.status === 200 && answer?.status === "accepted") return answer;
  throw new Failure(`the relay did not accept ${event}`, delivery.error ?? inWords({ status: delivery.status, text: delivery.body }));
}

async function ask(url, method, body, token) {
  const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  try {
    const response = await fetch(url, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    const text = await response.text();
    return { status: response.status, text, json: parsed(text) };
  } catch (error) {
    throw new Failure(`no answer from ${url}`, [String(error.cause?.message ?? error.message), "Does the demo run? It is started with: npm start"]);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const inWords = ({ status, text }) => `It answered ${status}: ${text.slice(0, 2_000)}`;
