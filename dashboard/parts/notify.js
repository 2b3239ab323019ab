// Short messages about what was just done. Screen readers read them out.

import { fill, h, icon } from "../lib/dom.js";

/** Milliseconds that a message stays; what went wrong is to be read at leisure. */
const STAYS = { ok: 4_000, bad: 12_000 };

const place = h("div", { class: "messages", role: "status", "aria-live": "polite" });

export const messages = () => place;

export function notify(text, level = "ok") {
  const message = h("div", { class: `message ${level}` }, icon(level === "ok" ? "check" : "alert"), h("span", {}, text));
  place.append(message);
  setTimeout(() => message.remove(), STAYS[level]);
}

export const silence = () => fill(place);
