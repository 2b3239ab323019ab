// All portals with their health at a glance, those in need first.

import { fill, h } from "../lib/dom.js";
import { heldEvents, judge, summed } from "../lib/health.js";
import { readPortals } from "../lib/portal-list.js";
import { repeat, whenChanged } from "../lib/refresh.js";
import * as to from "../lib/router.js";
import { number, t } from "../lib/text.js";
import { choice, field } from "../parts/controls.js";
import { pager } from "../parts/pager.js";
import { ago, dot, empty, failure, loading, tile } from "../parts/pieces.js";
import { guide } from "./setup.js";

/** Seconds between two looks. The Directory is asked, which no portal is woken by; it can be asked in pages only. */
const EVERY = 60;
/** Rows on one page. */
const PAGE = 50;

const ORDER = ["bad", "warn", "ok", "off"];

export function portals({ root, api, signal }) {
  const asked = { text: "", level: "all", page: 0 };
  let known;
  const tiles = h("dl", { class: "tiles" });
  const cut = h("p", { class: "quiet", role: "status" });
  const list = h("div", { class: "list" }, loading());
  const filters = h("div", { class: "toolbar" }, searchField(asked, show), levelChoice(asked, show));
  const page = () => fill(root, h("h1", { class: "unseen" }, t("portals")), tiles, cut, filters, list);
  page();
  const take = whenChanged(({ judged, isCut }) => {
    known = judged;
    fill(cut, isCut && t("portals.cut", { count: known.length }));
    show();
  });
  const read = repeat(EVERY, signal, async () => {
    try {
      const { portals, next } = await readPortals(api, signal);
      take({ judged: portals.map((portal) => ({ portal, ...judge(portal) })).sort(byNeed), isCut: next !== null });
    } catch (error) {
      if (signal.aborted) return;
      take.forget();
      fill(list, failure(error, () => read()));
    }
  });

  function show() {
    if (known === undefined) return;
    if (known.length === 0) return fill(root, h("h1", {}, t("setup.welcome")), guide());
    if (!tiles.isConnected) page();
    fill(tiles, summary(known));
    const found = known.filter((row) => fits(row, asked));
    const pages = Math.ceil(found.length / PAGE);
    asked.page = Math.min(asked.page, Math.max(0, pages - 1));
    const rows = found.slice(asked.page * PAGE, (asked.page + 1) * PAGE);
    const turn = (page) => {
      asked.page = page;
      show();
      list.querySelector("tbody a")?.focus();
    };
    fill(list, rows.length > 0 ? table(rows) : empty(t("portals.none")), pager({ page: asked.page, pages, total: found.length, turn }));
  }
}

const byNeed = (a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || nameOf(a.portal).localeCompare(nameOf(b.portal));

const nameOf = ({ domain, member_id }) => domain ?? member_id;

function fits({ portal, level }, { text, level: wanted }) {
  const isWanted = wanted === "all" || (wanted === "need" ? level === "bad" || level === "warn" : level === wanted);
  return isWanted && (nameOf(portal).toLowerCase().includes(text) || portal.member_id.toLowerCase().includes(text));
}

function summary(known) {
  const sum = (value) => known.reduce((total, { portal }) => total + value(portal), 0);
  const inNeed = known.filter(({ level }) => level === "bad" || level === "warn").length;
  const failed = sum((portal) => summed(portal, "failed"));
  const held = sum(heldEvents);
  return [
    tile(t("portals"), known.length),
    tile(t("portals.inNeed"), inNeed, { level: known.some(({ level }) => level === "bad") ? "bad" : inNeed > 0 ? "warn" : "ok" }),
    tile(t("today"), sum(({ events_today }) => events_today ?? 0)),
    tile(t("waiting"), sum(waiting)),
    tile(t("failed"), failed, { level: failed > 0 ? "bad" : "" }),
    tile(t("held"), held, { level: held > 0 ? "warn" : "" }),
  ];
}

function searchField(asked, show) {
  const input = h("input", { type: "search", placeholder: "example.bitrix24.com" });
  input.addEventListener("input", () => {
    Object.assign(asked, { text: input.value.trim().toLowerCase(), page: 0 });
    show();
  });
  return field(t("search"), input);
}

const levelChoice = (asked, show) =>
  choice(t("health"), ["all", "need", "ok", "off"].map((level) => [level, t(`level.${level}`)]), asked.level, (level) => {
    Object.assign(asked, { level, page: 0 });
    show();
  });

function table(rows) {
  const heads = ["portal", "health", "events", "waiting", "failed", "held", "reported"];
  return h(
    "table",
    { class: "portals" },
    h("caption", { class: "unseen" }, t("portals")),
    h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col", class: NUMBERS.includes(name) ? "number" : "" }, t(name))))),
    h("tbody", {}, rows.map(row)),
  );
}

const waiting = (portal) => summed(portal, "pending") + summed(portal, "retrying");

const NUMBERS = ["events", "waiting", "failed", "held"];

function row({ portal, level, reasons }) {
  const { member_id, domain } = portal;
  const count = (label, value, level) => h("td", { class: `number ${value > 0 ? level : "none"}`, "data-label": t(label) }, number(value));
  return h(
    "tr",
    { class: level },
    h("th", { scope: "row" }, h("a", { href: to.portal(member_id) }, domain ?? member_id), domain && h("small", {}, member_id)),
    h("td", { class: "why" }, dot(level, t(`level.${level}`)), h("span", {}, reasons.length > 0 ? t(...reasons[0]) : t("health.ok"), reasons.length > 1 && h("small", {}, ` +${reasons.length - 1}`))),
    count("events", portal.last_seq, ""),
    count("waiting", waiting(portal), "warn"),
    count("failed", summed(portal, "failed"), "bad"),
    count("held", heldEvents(portal), "warn"),
    h("td", { class: "when", "data-label": t("reported") }, ago(portal.reported_at)),
  );
}
