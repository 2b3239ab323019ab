// Portals as the relay sees them: each posts events with the token of its outgoing webhook.

import { createHash } from "node:crypto";

const NAMES = ["aurora", "birch", "cobalt", "delta", "ember", "fjord", "granite", "harbor", "indigo", "juniper", "kestrel", "linden"];

const hex = (text) => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** A portal by its number. Two of the same number are the same portal. */
export function portalOf(relay, number) {
  const name = NAMES[number % NAMES.length] + (number < NAMES.length ? "" : `-${Math.floor(number / NAMES.length)}`);
  const portal = { memberId: hex(`member ${number}`), token: hex(`token ${number}`), domain: `${name}.bitrix24.com` };
  return { ...portal, post: (event, id, token = portal.token) => post(relay, { ...portal, token }, event, id) };
}

/** One POST, as Bitrix24 makes it. The answer's status. */
async function post(relay, { memberId, token, domain }, event, id) {
  const form = new URLSearchParams({ event, "data[FIELDS][ID]": id, event_handler_id: "4", ts: String(Math.floor(Date.now() / 1_000)) });
  if (event.startsWith("ONCALENDAR")) form.delete("data[FIELDS][ID]"), form.set("data[id]", id);
  const auth = { domain, member_id: memberId, application_token: token };
  for (const [name, value] of Object.entries(auth)) form.set(`auth[${name}]`, value);
  const response = await fetch(`${relay}/events`, { method: "POST", body: form });
  await response.arrayBuffer();
  return response.status;
}
