// Small pieces that many views show.

import { h, icon } from "../lib/dom.js";
import { explain } from "../lib/problems.js";
import { known, moment, number, relative, t } from "../lib/text.js";
import { button } from "./controls.js";

/** What states mean to a person: well, waiting, needs somebody, or nothing to do. */
const LEVELS = {
  delivered: "ok",
  active: "ok",
  valid: "ok",
  pending: "busy",
  retrying: "warn",
  installing: "warn",
  failed: "bad",
  unknown: "warn",
};

export const badge = (state, level = LEVELS[state] ?? "off") => h("span", { class: `badge ${level}` }, known(`state.${state}`, state));

/** A dot of a colour; `label` where no text beside it says the same. */
export const dot = (level, label) =>
  label ? h("span", { class: `dot ${level}`, role: "img", "aria-label": label, title: label }) : h("span", { class: `dot ${level}`, "aria-hidden": "true" });

/** A time as how long ago it was; the exact one on demand. `tick` keeps it right. */
export const ago = (time) => (time ? h("time", { class: "ago", datetime: time, title: moment(time) }, relative(time)) : "–");

/** Brings every such time on the page up to date. */
export function tick() {
  for (const element of document.querySelectorAll("time.ago")) element.textContent = relative(element.dateTime);
}

/** A number that one looks at first. */
export function tile(label, value, { level = "", hint } = {}) {
  const shown = typeof value === "number" ? number(value) : value;
  return h("div", { class: `tile ${level}` }, h("dt", {}, label), h("dd", {}, shown, hint && h("small", {}, hint)));
}

export function banner(level, title, ...children) {
  return h("div", { class: `banner ${level}`, role: level === "bad" ? "alert" : "note" }, icon("alert"), h("div", {}, h("strong", {}, title), ...children));
}

export const empty = (title, ...children) => h("div", { class: "empty" }, h("p", {}, h("strong", {}, title)), ...children);

export const loading = () => h("div", { class: "loading", role: "status" }, h("span", { class: "unseen" }, t("loading")));

/** What a view shows where it could not be read. */
export const failure = (error, again) =>
  h("div", { class: "empty", role: "alert" }, h("p", {}, h("strong", {}, t("cannotRead"))), h("p", {}, explain(error)), button({ label: t("tryAgain"), symbol: "refresh", onPress: again }));

/** A titled part of a page. */
export function section(title, actions, ...children) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, title), h("div", { class: "actions" }, actions)), ...children);
}

/** Names with their values. */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

/** The family of an event's type, by which it is coloured: the first word after the prefix. */
export function eventType(type) {
  const name = type.replace(/^com\.bitrix24\./, "");
  const [family, ...rest] = name.split(".");
  return h("span", { class: `type ${FAMILIES.includes(family) ? family : ""}` }, h("b", {}, family), rest.length > 0 && `.${rest.join(".")}`);
}

const FAMILIES = ["calendar", "crm", "tasks", "task", "app", "im", "sale", "catalog"];
