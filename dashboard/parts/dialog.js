// Asks before something is done. The browser's own dialog keeps the focus inside, and closes on Escape.

import { h } from "../lib/dom.js";
import { t } from "../lib/text.js";
import { button, iconButton } from "./controls.js";

let dialogs = 0;

/** Shows a dialog; `content` gets a function that closes it. */
export function openDialog(title, content) {
  const id = `dialog-${(dialogs += 1)}`;
  const dialog = h("dialog", { "aria-labelledby": id });
  const close = () => dialog.close();
  dialog.append(
    h("header", {}, h("h2", { id }, title), iconButton({ label: t("close"), symbol: "close", onPress: close })),
    ...[content(close)].flat(),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/** Asks whether to go on. `act` is done when the person says so; the dialog stays where it fails. */
export function confirm({ title, text, label, kind = "main", act }) {
  openDialog(title, (close) => [
    h("p", {}, text),
    h(
      "footer",
      {},
      button({ label: t("cancel"), onPress: close }),
      button({ label, kind, onPress: async () => (await act(), close()) }),
    ),
  ]);
}
