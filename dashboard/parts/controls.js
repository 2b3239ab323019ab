// What a person presses, and what happens meanwhile.

import { h, icon } from "../lib/dom.js";
import { explain } from "../lib/problems.js";
import { t } from "../lib/text.js";
import { notify } from "./notify.js";

/**
 * A button that does something which takes a while: it cannot be pressed twice, and says so where it fails. `kind` is
 * "main", "danger" or "quiet".
 */
export function button({ label, title, symbol, kind = "", onPress, ...attributes }) {
  const element = h("button", { type: "button", class: `button ${kind}`, title, ...attributes }, symbol && icon(symbol), h("span", {}, label));
  if (onPress) element.addEventListener("click", () => busy(element, onPress));
  return element;
}

/** The same with a drawing alone; `label` is for those who do not see it. */
export function iconButton({ label, symbol, onPress, ...attributes }) {
  const element = h("button", { type: "button", class: "button bare", "aria-label": label, title: label, ...attributes }, icon(symbol));
  element.addEventListener("click", () => busy(element, onPress));
  return element;
}

/** Does `work`, during which the element cannot be pressed. */
export async function busy(element, work) {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") notify(explain(error), "bad");
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/** A text with a button that copies it. */
export function copyable(text, shown = text) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    notify(t("copied"), "ok");
  };
  return h("span", { class: "copyable" }, h("code", { title: text }, shown), iconButton({ label: t("copy"), symbol: "copy", onPress: copy }));
}

let fields = 0;

/** A labelled field. `control` is an input or a select. */
export function field(label, control, hint) {
  control.id ||= `field-${(fields += 1)}`;
  const described = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (described) control.setAttribute("aria-describedby", described.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, described);
}

/** A choice of one of a few, as radio buttons that look like one control. `options` is a list of `[value, label]`. */
export function choice(label, options, chosen, onChoose) {
  const name = `choice-${(fields += 1)}`;
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", { class: "unseen" }, label),
    options.map(([value, text]) =>
      h("label", {}, h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onChoose(value) }), h("span", {}, text)),
    ),
  );
}

export const select = (options, chosen, onChoose) =>
  h(
    "select",
    { onchange: (event) => onChoose?.(event.target.value) },
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
