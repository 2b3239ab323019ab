// An event: what it says, and every attempt to deliver it.

import { fill, h, icon } from "../lib/dom.js";
import { repeat, whenChanged } from "../lib/refresh.js";
import * as to from "../lib/router.js";
import { moment, number, t } from "../lib/text.js";
import { button, copyable } from "../parts/controls.js";
import { json } from "../parts/json.js";
import { notify } from "../parts/notify.js";
import { ago, badge, eventType, facts, failure, loading } from "../parts/pieces.js";

/** Seconds between looks at an event that is under way, and how many there are. */
const LOOK = 2;
const LOOKS = 30;

export function eventPanel({ root, api, memberId, id, signal }) {
  fill(root, loading());
  let looks = LOOKS;
  const take = whenChanged(show);
  const read = repeat(LOOK, signal, async () => {
    try {
      const detail = await api.get(`/portals/${memberId}/events/${id}`, {}, signal);
      take(detail);
      looks -= 1;
      return looks >= 0 && detail.deliveries.some(({ state }) => state === "pending" || state === "retrying");
    } catch (error) {
      if (signal.aborted) return false;
      take.forget();
      fill(root, close(), failure(error, again));
      return false;
    }
  });

  function again() {
    looks = LOOKS;
    return read();
  }

  function show({ seq, state, event, deliveries }) {
    fill(
      root,
      close(),
      h("header", {}, h("h2", {}, eventType(event.type)), badge(state)),
      facts([
        [t("subject"), event.subject],
        [t("time"), moment(event.time)],
        [t("event.received"), event.b24receivedat && moment(event.b24receivedat)],
        [t("event.name"), h("code", {}, event.b24event)],
        [t("place"), `#${number(seq)}`],
        ["id", copyable(event.id, `${event.id.slice(0, 13)}…`)],
      ]),
      h("h3", {}, t("event.deliveries")),
      deliveries.length === 0 ? h("p", { class: "quiet" }, t("event.nowhere")) : deliveries.map(delivery),
      h("div", { class: "heading" }, h("h3", {}, "JSON"), copyable(JSON.stringify(event, null, 2), "")),
      json(event, "JSON"),
    );
  }

  function delivery({ destination, state, next_attempt_at, attempts }) {
    const redeliver = async () => {
      await api.post(`/portals/${memberId}/events/${id}/redeliver`, { destination });
      notify(t("redeliver.done", { name: destination }));
      setTimeout(again, 500);
    };
    const mayBe = ["delivered", "failed", "superseded"].includes(state);
    return h(
      "section",
      { class: "delivery" },
      h("header", {}, h("strong", {}, destination), badge(state), mayBe && button({ label: t("redeliver"), symbol: "send", onPress: redeliver, "aria-label": `${t("redeliver")}: ${destination}` })),
      next_attempt_at && h("p", { class: "quiet" }, t("event.next"), " ", ago(next_attempt_at)),
      attempts.length > 0 ? h("ol", { class: "attempts" }, attempts.map(attempt)) : h("p", { class: "quiet" }, t(state === "delivered" ? "event.atOnce" : "event.noAttempt")),
    );
  }

  function close() {
    return h("a", { class: "back", href: to.portal(memberId, "events") }, icon("back"), h("span", {}, t("event.close")));
  }
}

const attempt = ({ attempt, at, error }) =>
  h(
    "li",
    { class: error === undefined ? "ok" : "bad" },
    h("span", { class: "which" }, t("attempt", { number: attempt })),
    h("time", { datetime: at }, moment(at)),
    h("span", { class: "outcome" }, error ?? t("attempt.ok")),
  );
