// The log as it grows, with filters; beside it the event that was chosen.

import { fill, h } from "../lib/dom.js";
import { readBack, readStates, summary } from "../lib/log.js";
import * as to from "../lib/router.js";
import { follow } from "../lib/tail.js";
import { clock, day, t } from "../lib/text.js";
import { button, field } from "../parts/controls.js";
import { badge, dot, empty, eventType, failure } from "../parts/pieces.js";
import { eventPanel } from "./event.js";

/** Rows that are kept on the page while it grows. */
const MOST = 300;
/** Milliseconds between looks at what is under way; a state cannot be subscribed to. The last one goes on. */
const LOOKS = [1_000, 2_000, 5_000, 15_000];
const UNDER_WAY = ["pending", "retrying"];

export function events({ root, api, signal, memberId, status, route }) {
  const filter = { type: "", subject: "" };
  const state = h("span", { class: "live", role: "status" });
  const body = h("tbody", {});
  const rest = h("div", { class: "rest" });
  const detail = h("aside", { class: "detail", "aria-label": t("event") });
  const hold = button({ label: t("tail.pause"), symbol: "pause", onPress: () => setHeld(!isHeld) });
  const layout = h("div", { class: "split" }, h("div", { class: "log" }, toolbar(), table(body), rest), detail);
  let head = status.log.last_seq;
  let rows = [];
  let arrived = [];
  let isHeld = false;
  let frame;
  let oldest;
  let run;
  let chosen;
  fill(root, layout);
  begin();
  onRoute(route);
  return { onRoute, onStatus };

  /** Begins anew, with the filter as it is: what there is, then what comes. */
  async function begin() {
    run?.abort();
    run = new AbortController();
    const either = AbortSignal.any([signal, run.signal]);
    [rows, arrived, oldest] = [[], [], head + 1];
    tellHeld();
    fill(body);
    tell("waiting");
    await older(either);
    if (either.aborted) return;
    follow({ api, memberId, query: filter, after: head, signal: either, onEvent: (event) => take(event), onState: tell });
    look(either);
  }

  async function older(either) {
    try {
      const { events, from } = await readBack({ api, memberId, before: oldest, filter, signal: either });
      oldest = from + 1;
      rows.push(...events);
      draw();
    } catch (error) {
      if (!either.aborted) fill(rest, failure(error, () => older(either)));
    }
  }

  function take(logged) {
    arrived.push(summary(logged));
    frame ??= requestAnimationFrame(showArrived);
    head = Math.max(head, logged.seq);
  }

  function showArrived() {
    frame = undefined;
    if (isHeld) return tellHeld();
    const fresh = arrived.splice(0).reverse();
    rows = [...fresh, ...rows];
    if (rows.length > MOST && fresh.length > 0) {
      rows.length = MOST;
      oldest = rows.at(-1).seq;
    }
    draw(new Set(fresh));
  }

  function draw(fresh = new Set()) {
    const known = new Map([...body.children].map((element) => [element.dataset.seq, element]));
    fill(body, rows.map((row) => known.get(String(row.seq)) ?? line(row, fresh.has(row))));
    mark();
    const first = status.log.first_seq;
    const hasOlder = oldest > Math.max(1, first);
    const nothing = rows.length === 0 && empty(t(filter.type || filter.subject ? "events.noneFits" : "events.none"));
    const more = hasOlder && button({ label: t("events.older"), symbol: "down", onPress: () => older(AbortSignal.any([signal, run.signal])) });
    fill(rest, nothing, more, h("span", { class: "quiet" }, hasOlder ? t("events.from", { seq: oldest }) : t("events.begin")));
  }

  function line(row, isFresh) {
    const { seq, id, type, subject, time } = row;
    return h(
      "tr",
      { class: isFresh ? "fresh" : "", "data-seq": seq, "data-id": id },
      h("td", { class: "when" }, h("time", { datetime: time, title: day(time) }, clock(time))),
      h("th", { scope: "row" }, h("a", { href: to.portal(memberId, "events", id) }, eventType(type))),
      h("td", { class: "subject" }, subject ?? "–"),
      h("td", { class: "state" }, badge(row.state)),
      h("td", { class: "number" }, `#${seq}`),
    );
  }

  async function look(either, step = 0) {
    await new Promise((resolve) => setTimeout(resolve, LOOKS[Math.min(step, LOOKS.length - 1)]));
    if (either.aborted) return;
    const open = rows.filter((row) => UNDER_WAY.includes(row.state)).slice(0, 100);
    if (open.length > 0 && !document.hidden) {
      const seqs = inTurn(open).map(({ seq }) => seq);
      const states = await readStates({ api, memberId, seqs, filter, signal: either }).catch(() => new Map());
      for (const row of open.filter(({ seq }) => states.has(seq))) settle(row, states.get(row.seq) ?? row.state);
    }
    const isNew = open.some(({ time }) => Date.now() - Date.parse(time) < LOOKS.at(-1));
    return look(either, open.length === 0 || isNew ? 0 : step + 1);
  }

  function settle(row, next) {
    row.lookedAt = Date.now();
    if (row.state === next) return;
    row.state = next;
    const cell = body.querySelector(`tr[data-seq="${row.seq}"] .state`);
    if (cell) fill(cell, badge(next));
  }

  function tell(name) {
    fill(state, dot({ live: "ok", waiting: "busy", full: "bad" }[name]), h("span", {}, t(`tail.${name}`)));
  }

  function setHeld(wanted) {
    isHeld = wanted;
    hold.setAttribute("aria-pressed", wanted);
    tellHeld();
    if (!wanted) showArrived();
  }

  function tellHeld() {
    const held = arrived.length > 0 ? t("tail.new", { count: arrived.length }) : t("tail.resume");
    hold.lastChild.textContent = isHeld ? held : t("tail.pause");
  }

  /** Where a filter left events out, the log has grown further than the tail has told. */
  function onStatus(next) {
    status = next;
    head = Math.max(head, status.log.last_seq);
  }

  function onRoute({ id }) {
    chosen?.abort();
    chosen = new AbortController();
    layout.classList.toggle("chosen", id !== undefined);
    if (id === undefined) fill(detail, h("p", { class: "nothing" }, t("event.choose")));
    else eventPanel({ root: detail, api, memberId, id, signal: AbortSignal.any([signal, chosen.signal]) });
    mark(id);
  }

  function mark(id = layout.dataset.chosen) {
    layout.dataset.chosen = id ?? "";
    for (const element of body.children) element.setAttribute("aria-selected", element.dataset.id === id);
  }

  function toolbar() {
    const input = (name, placeholder) => {
      const element = h("input", { type: "search", placeholder, spellcheck: "false", autocomplete: "off" });
      element.addEventListener("change", () => {
        filter[name] = element.value.trim().replace(/^com\.bitrix24\./, "");
        begin();
      });
      return element;
    };
    return h("div", { class: "toolbar" }, field(t("type"), input("type", "crm.deal.*")), field(t("subject"), input("subject", "1414")), state, hold);
  }
}

/** The newest first, then those that were not looked at for longest: one look may not reach all. */
const inTurn = ([newest, ...rest]) => [newest, ...rest.sort((a, b) => (a.lookedAt ?? 0) - (b.lookedAt ?? 0))];

const table = (body) =>
  h(
    "table",
    { class: "log" },
    h("caption", { class: "unseen" }, t("tab.events")),
    h("thead", {}, h("tr", {}, ["time", "type", "subject", "state", "place"].map((name) => h("th", { scope: "col", class: name === "place" ? "number" : "" }, t(name))))),
    body,
  );
