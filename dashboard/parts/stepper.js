// Turns the pages of a list that only knows the next one.

import { h } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { iconButton } from "./controls.js";

export function stepper(pages, turn) {
  if (!pages.hasPrevious() && !pages.hasNext()) return undefined;
  return h(
    "nav",
    { class: "pager", "aria-label": t("pages") },
    iconButton({ label: t("pages.previous"), symbol: "back", onPress: () => turn(pages.previous), disabled: !pages.hasPrevious() }),
    iconButton({ label: t("pages.next"), symbol: "arrow", onPress: () => turn(pages.next), disabled: !pages.hasNext() }),
  );
}
