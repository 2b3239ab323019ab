// Bitrix24's events: which there are, the scope that each needs, and what it carries.

import { readFileSync } from "node:fs";

const fixture = (name) => JSON.parse(readFileSync(new URL(`../../fixtures/bitrix/${name}`, import.meta.url), "utf8"));

const CATALOGUE = new Map(fixture("event-catalogue.json").map((entry) => [entry.event, entry]));
const DOCUMENTED = new Map(fixture("documented-events.json").map(({ event, payload }) => [event, payload]));

/** Scopes of REST by the area of the event; an application's own events need none. */
const SCOPES = { app: "", "chat-bots": "imbot", "sonet-group": "sonet_group", tasks: "task" };

/** Events whose POST brings a refresh token besides the access token. */
const WITH_REFRESH_TOKEN = /^(ONAPPINSTALL|ONAPPUPDATE|ONAPPTEST|ONOFFLINEEVENT|ONSUBSCRIPTIONRENEW|ONCALENDAR\w+|ONIMBOTMESSAGE\w+|ONIMCOMMANDADD)$/;

/** Events whose POST brings no OAuth token at all. */
const WITHOUT_TOKENS = ["ONAPPUNINSTALL", "ONAPPMETHODCONFIRM"];

/** The entry of an event; a numeric suffix (`ONCRMDYNAMICITEMADD_1220`) does not count. */
const entryOf = (event) => CATALOGUE.get(event) ?? CATALOGUE.get(event.replace(/_\d+$/, ""));

export const exists = (event) => entryOf(event) !== undefined;

/** The scope that an application needs to subscribe, or "" where none is needed. */
export function scopeOf(event) {
  const area = entryOf(event)?.area;
  return SCOPES[area] ?? area ?? "";
}

/** All events that can be subscribed with these scopes. */
export const eventsOf = (scopes) => [...CATALOGUE.keys()].filter((event) => scopeOf(event) === "" || scopes.includes(scopeOf(event)));

export const bringsRefreshToken = (event) => WITH_REFRESH_TOKEN.test(event);
export const bringsTokens = (event) => !WITHOUT_TOKENS.includes(event);

/** The queue that an event goes through: what is about applications overtakes the rest. */
export function categoryOf(event) {
  const area = entryOf(event)?.area;
  if (area === "app") return "important";
  return { "chat-bots": "bot", crm: "crm", telephony: "telephony" }[area] ?? "default";
}

/** What the documentation shows for an event, with this id in the place of the documented one. */
export function dataOf(event, id) {
  const documented = DOCUMENTED.get(event) ?? DOCUMENTED.get(event.replace(/_\d+$/, ""));
  const post = { data: structuredClone(documented?.data) ?? {} };
  if (id === undefined) return post.data;
  const paths = entryOf(event)?.id_paths ?? ["data.FIELDS.ID"];
  for (const path of paths.flatMap((path) => path.split(":"))) {
    // The type of a record stands in the name of the event, after an underscore.
    const value = path.endsWith(".ENTITY_TYPE_ID") ? (/_(\d+)$/.exec(event)?.[1] ?? "1220") : String(id);
    if (/^data(\.\w+)+$/.test(path)) put(post, path.split("."), value, documented === undefined);
  }
  return post.data;
}

/** Replaces the member at the end of a path; adds it, with all before it, only where `add` says so. */
function put(members, [key, ...rest], value, add) {
  if (!Object.hasOwn(members, key) && !add) return;
  if (rest.length === 0) members[key] = value;
  else if (typeof (members[key] ??= {}) === "object" && members[key] !== null) put(members[key], rest, value, add);
}
