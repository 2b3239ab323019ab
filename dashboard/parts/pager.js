// Turns pages.

import { h } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { iconButton } from "./controls.js";

/** Nothing where all fits on one page. */
export function pager({ page, pages, total, turn }) {
  if (pages < 2) return undefined;
  const to = (label, symbol, target) => iconButton({ label, symbol, onPress: () => turn(target), disabled: target < 0 || target >= pages });
  return h(
    "nav",
    { class: "pager", "aria-label": t("pages") },
    h("span", { class: "quiet" }, t("pages.of", { page: page + 1, pages, count: total })),
    to(t("pages.previous"), "back", page - 1),
    to(t("pages.next"), "arrow", page + 1),
  );
}
