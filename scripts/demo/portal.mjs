// The demo portal: does what a Bitrix24 portal does, with the payloads of Bitrix24's documentation.

import { readFileSync } from "node:fs";
import { Failure } from "../support/output.mjs";
import { httpBuildQuery } from "../../tests/portal/wire/form.mjs";

/** From the documentation, but for `ts`: the page of each is named in the file. */
export const documentedEvents = JSON.parse(readFileSync(new URL("documented-events.json", import.meta.url), "utf8")).map(({ payload }) => payload);

const { auth } = documentedEvents[0];

export const memberId = auth.member_id;
export const domain = auth.domain;

/** A relay on the same machine answers in milliseconds. */
const ANSWER_LIMIT_MS = 15_000;

/** Registers the portal's application token. Doing it again changes nothing. */
export async function install(settings) {
  const answer = await ask(`${settings.relay}/portals/${memberId}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${settings.adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ application_token: auth.application_token, domain, label: "demo" }),
  });
  const registered = (answer.status === 200 || answer.status === 201) && answer.json !== undefined;
  if (!registered) throw new Failure("the relay did not register the demo portal", inWords(answer));
}

/**
 * Sends one event as Bitrix24's queue server does: once. Returns the relay's answer: `{ status: "accepted", id, seq }`.
 */
export async function send(settings, payload) {
  const answer = await ask(`${settings.relay}/events`, {
    method: "POST",
    headers: { "user-agent": "Bitrix24 Webhook Engine", "content-type": "application/x-www-form-urlencoded" },
    body: httpBuildQuery({ ...payload, ts: Math.floor(Date.now() / 1000) }),
  });
  if (answer.status === 200 && answer.json?.status === "accepted") return answer.json;
  throw new Failure(`the relay did not accept ${payload.event}`, inWords(answer));
}

/** A payload for any event: the id stands where Bitrix24 puts it for events of that kind. */
export function payloadOf(event, id) {
  const documented = documentedEvents.find((payload) => payload.event === event);
  const { scope, data } = shapeOf(event, id);
  return { event, event_handler_id: documented?.event_handler_id ?? "1", data, ts: 0, auth: { ...auth, scope } };
}

function shapeOf(event, id) {
  if (event.startsWith("ONCALENDAR")) return { scope: "calendar", data: { id } };
  if (event.startsWith("ONTASK")) return { scope: "task", data: { FIELDS_BEFORE: { ID: id }, FIELDS_AFTER: { ID: id } } };
  return { scope: event.startsWith("ONCRM") ? "crm" : "", data: { FIELDS: { ID: id } } };
}

async function ask(url, options) {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
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
