// Portals that nobody registered, whose events are held for a day.

import { fill, h } from "../lib/dom.js";
import { heldEvents } from "../lib/health.js";
import { repeat, whenChanged } from "../lib/refresh.js";
import * as to from "../lib/router.js";
import { number, t } from "../lib/text.js";
import { pagesOf } from "../lib/pages.js";
import { ago, empty, failure, loading } from "../parts/pieces.js";
import { stepper } from "../parts/stepper.js";

/** Seconds between two looks at what nobody can subscribe to. */
const EVERY = 30;

export function unregistered({ root, api, signal }) {
  const pages = pagesOf((cursor) => api.get("/portals", { state: "unknown", cursor }, signal));
  const list = h("div", { class: "list" }, loading());
  fill(root, h("h1", {}, t("unregistered.title")), h("p", { class: "lead" }, t("unregistered.what")), list);
  const show = whenChanged(showPage);
  const read = repeat(EVERY, signal, async () => {
    try {
      show(await pages.read());
    } catch (error) {
      if (signal.aborted) return;
      show.forget();
      fill(list, failure(error, () => read()));
    }
  });

  function showPage({ portals }) {
    const rows = portals.map(row);
    const turn = async (move) => show(await move());
    fill(list, rows.length > 0 ? table(rows) : empty(t("unregistered.none"), h("p", {}, t("unregistered.none.what"))), stepper(pages, turn));
  }
}

const table = (rows) =>
  h(
    "table",
    { class: "held" },
    h("caption", { class: "unseen" }, t("unregistered.title")),
    h("thead", {}, h("tr", {}, ["memberId", "tokens", "held", "oldest"].map((name) => h("th", { scope: "col", class: name === "held" || name === "tokens" ? "number" : "" }, t(name))), h("th", { scope: "col" }, h("span", { class: "unseen" }, t("register"))))),
    h("tbody", {}, rows),
  );

function row(portal) {
  const oldest = portal.held.map(({ oldest }) => oldest).sort()[0];
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: to.portal(portal.member_id, "held") }, h("code", {}, portal.member_id))),
    h("td", { class: "number", "data-label": t("tokens") }, number(portal.held.length)),
    h("td", { class: "number", "data-label": t("held") }, number(heldEvents(portal))),
    h("td", { class: "when", "data-label": t("oldest") }, ago(oldest)),
    h("td", { class: "act" }, h("a", { class: "button", href: to.portal(portal.member_id, "held"), "aria-label": `${t("register")}: ${portal.member_id}` }, t("register"))),
  );
}
