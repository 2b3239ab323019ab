// What is failing and why, and what can be done about it.

import { fill, h } from "../lib/dom.js";
import * as to from "../lib/router.js";
import { number, t } from "../lib/text.js";
import { button, choice, field, select } from "../parts/controls.js";
import { notify } from "../parts/notify.js";
import { ago, badge, empty, eventType, failure, loading } from "../parts/pieces.js";
import { openReplay, replaysPanel } from "./replay.js";

/** Deliveries of one page. */
const PAGE = 50;
/** Calls that are made for one page: each looks at 5,000 events. */
const CALLS = 20;
/** Events that are looked at first, the newest: as many as the calls of one page. Older ones are looked at on demand. */
const NEWEST = 100_000;
const STATES = ["failed", "retrying", "pending", "delivered"];

export function deliveries({ root, api, signal, memberId, status, reread }) {
  const names = ["default", ...(status.destinations ?? []).map(({ name }) => name)];
  const asked = { state: "failed", destination: "" };
  const list = h("div", { class: "list" });
  const reasons = h("div", {});
  const replays = replaysPanel({ api, memberId, signal });
  const replay = button({ label: t("replay.open"), symbol: "send", kind: "main", onPress: () => openReplay({ api, memberId, names, state: asked.state, onBegun: () => (replays.read(), reread()) }) });
  const where = select([["", t("all")], ...names.map((name) => [name, name])], "", (name) => ((asked.destination = name), begin()));
  const states = choice(t("state"), STATES.map((state) => [state, t(`state.${state}`)]), asked.state, (state) => ((asked.state = state), begin()));
  fill(root, h("div", { class: "toolbar" }, states, field(t("destination"), where), replay), replays.element, reasons, list);
  let rows;
  let start;
  let after;
  let isOver;
  begin();

  async function begin(from = Math.max(0, status.log.last_seq - NEWEST)) {
    [rows, start, after, isOver] = [[], from, from, false];
    fill(reasons);
    fill(list, loading());
    await more();
  }

  async function more() {
    const { state, destination } = asked;
    const wanted = rows.length + PAGE;
    try {
      for (let call = 0; call < CALLS && !isOver && rows.length < wanted; call += 1) {
        const page = await api.get(`/portals/${memberId}/deliveries`, { state, destination, after, limit: PAGE }, signal);
        if (state !== asked.state || destination !== asked.destination) return;
        rows.push(...page.deliveries);
        isOver = page.next === after;
        after = page.next;
      }
      show();
    } catch (error) {
      if (!signal.aborted) fill(list, failure(error, () => begin(start)));
    }
  }

  function show() {
    fill(reasons, why(rows));
    const older = start > 0 && button({ label: t("deliveries.older"), onPress: () => begin(0) });
    const rest = !isOver && button({ label: t("more"), symbol: "down", onPress: more });
    const nothing = isOver && start === 0 ? empty(t(`deliveries.none.${asked.state}`)) : empty(t("deliveries.soFar", { from: start + 1, seq: after }));
    fill(list, rows.length > 0 ? table() : nothing, h("div", { class: "rest" }, rest, older, !isOver && h("span", { class: "quiet" }, t("deliveries.looked", { seq: after }))));
  }

  function table() {
    const heads = ["event", "destination", "state", "attempts", "why"];
    return h(
      "table",
      { class: "deliveries" },
      h("caption", { class: "unseen" }, t("tab.deliveries")),
      h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col", class: name === "attempts" ? "number" : "" }, t(name))), h("th", { scope: "col" }, h("span", { class: "unseen" }, t("redeliver"))))),
      h("tbody", {}, rows.map(row)),
    );
  }

  function row({ seq, id, type, subject, destination, state, attempts, next_attempt_at, error }) {
    const again = async () => {
      await api.post(`/portals/${memberId}/events/${id}/redeliver`, { destination });
      notify(t("redeliver.done", { name: destination }));
      replays.read();
      reread();
    };
    const mayBe = ["delivered", "failed", "superseded"].includes(state);
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: to.portal(memberId, "events", id) }, eventType(type)), h("small", {}, `#${seq}${subject ? ` · ${subject}` : ""}`)),
      h("td", { "data-label": t("destination") }, destination),
      h("td", {}, badge(state)),
      h("td", { class: "number", "data-label": t("attempts") }, number(attempts)),
      h("td", { class: "error" }, error ?? "–", next_attempt_at && h("small", {}, t("event.next"), " ", ago(next_attempt_at))),
      h("td", { class: "act" }, mayBe && button({ label: t("redeliver"), symbol: "send", onPress: again, "aria-label": `${t("redeliver")}: #${seq}` })),
    );
  }
}

/** The reasons of what is listed, the most frequent first. */
function why(rows) {
  const counts = new Map();
  for (const { error } of rows) if (error) counts.set(error, (counts.get(error) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return undefined;
  return h(
    "ul",
    { class: "why-list", "aria-label": t("why") },
    sorted.slice(0, 6).map(([error, count]) => h("li", {}, h("b", {}, number(count)), h("span", {}, error))),
  );
}
