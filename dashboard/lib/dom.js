// Makes elements. Text always becomes a text node, so nothing that an event says is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("button", { class: "quiet", onclick: save }, "Save")`. A function is a listener, `true` an attribute without
 * a value, `false` and `undefined` none. Children are texts, nodes, lists of them, or nothing.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...nodes(children));
  return element;
}

/** Puts other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

const nodes = (children) => children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);

// Drawn on a grid of 16 by 16, in the colour of the text.
const ICONS = {
  alert: "M8 2.2 14.6 13.6H1.4ZM8 6.4v3.2M8 11.6v.1",
  arrow: "M6 3.5 10.5 8 6 12.5",
  back: "M10 3.5 5.5 8 10 12.5",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h7v8h-7ZM3.5 10.5v-8h7",
  down: "M3.5 6 8 10.5 12.5 6",
  globe: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM1.8 8h12.4M8 1.8c4 4 4 8.400 0 12.400M8 1.800c-4 4-4 8.400 0 12.400",
  moon: "M13 9.600A5.600 5.600 0 0 1 6.400 3a5.600 5.600 0 1 0 6.600 6.600Z",
  out: "M6.500 2.500h-4v11h4M6 8h7.500M10.500 5l3 3-3 3",
  pause: "M5.500 3v10M10.500 3v10",
  play: "M4.500 2.800 12.500 8l-8 5.200Z",
  pulse: "M1.500 8h3.500l1.800-4.500 2.600 9 1.900-4.500h3.200",
  refresh: "M13.200 6.500A5.500 5.500 0 1 0 13.500 9M13.500 3v3.500H10",
  search: "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9ZM10.300 10.300l3.500 3.500",
  send: "M2 8 14 2.500 10.500 14 8 9ZM8 9l6-6.500",
};

/** A small drawing beside a text, which says the same; screen readers are spared it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
