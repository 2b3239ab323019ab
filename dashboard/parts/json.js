// JSON with its parts told apart by colour.

import { h } from "../lib/dom.js";

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** Bytes over which it is shown without colours, which would be an element for each word. */
const MAX_COLOURED = 100_000;

export function json(value, label) {
  const text = JSON.stringify(value, null, 2);
  const children = text.length > MAX_COLOURED ? [text] : coloured(text);
  return h("pre", { class: "json", tabindex: "0", role: "region", "aria-label": label }, h("code", {}, children));
}

function coloured(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(at, match.index));
    const [whole, string, colon, word] = match;
    if (string !== undefined) parts.push(h("span", { class: colon ? "key" : "string" }, string), colon ?? "");
    else parts.push(h("span", { class: word ? "word" : "number" }, whole));
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  return parts;
}
