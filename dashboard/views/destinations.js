// Where a portal's events go, and how that stands; each can be paused and let go on.

import { fill, h } from "../lib/dom.js";
import { explain } from "../lib/problems.js";
import { whenChanged } from "../lib/refresh.js";
import { duration, number, t } from "../lib/text.js";
import { button } from "../parts/controls.js";
import { confirm } from "../parts/dialog.js";
import { notify } from "../parts/notify.js";
import { ago, badge, empty, facts, section } from "../parts/pieces.js";

export function destinationsPanel({ api, memberId, signal, reread }) {
  const list = h("ul", { class: "cards" });
  const read = async () => show((await api.get(`/portals/${memberId}/destinations`, {}, signal)).destinations);
  const show = whenChanged((destinations) => {
    if (destinations.length === 0) fill(list, h("li", {}, empty(t("destinations.none"), h("p", {}, t("setup.forward.none.how")))));
    else fill(list, destinations.map(card));
  });
  const pause = async (name, paused) => {
    await api.patch(`/portals/${memberId}/destinations/${name}`, { paused });
    notify(t(paused ? "destination.paused" : "destination.resumed", { name }));
    await read();
    reread();
  };
  const test = async (name) => {
    const { delivered, latency_ms: took, status, error } = await api.post(`/portals/${memberId}/destinations/${name}/test`);
    if (delivered) notify(t("destination.test.ok", { name, took: duration(took / 1_000) }));
    else notify(t("destination.test.failed", { name, error: error ?? String(status) }), "bad");
  };
  const ask = (name) =>
    confirm({ title: t("destination.pause.title", { name }), text: t("destination.pause.what"), label: t("pause"), act: () => pause(name, true) });
  return {
    element: section(t("destinations"), [], list),
    /** Reads them again; called whenever the portal's state was read. */
    show: () =>
      read().catch((error) => {
        if (signal.aborted) return;
        show.forget();
        fill(list, h("li", { class: "problem" }, explain(error)));
      }),
  };

  function card(destination) {
    const { name, paused, delivery, error } = destination;
    const state = paused ? "paused" : delivery.circuit ? "resting" : "sending";
    const tries = button({ label: t("destination.test"), onPress: () => test(name), "aria-label": `${t("destination.test")}: ${name}` });
    const change = paused
      ? button({ label: t("resume"), symbol: "play", kind: "main", onPress: () => pause(name, false), "aria-label": `${t("resume")}: ${name}` })
      : button({ label: t("pause"), symbol: "pause", onPress: () => ask(name), "aria-label": `${t("pause")}: ${name}` });
    return h(
      "li",
      { class: "card" },
      h("header", {}, h("strong", {}, name), badge(state, { paused: "warn", resting: "bad", sending: "ok" }[state]), h("div", { class: "actions" }, tries, change)),
      where(destination),
      error && h("p", { class: "problem" }, error),
      delivery.circuit && h("p", { class: "problem" }, t(`health.circuit.${delivery.circuit}`), delivery.circuit_open_until && [". ", t("destination.probe"), " ", ago(delivery.circuit_open_until)]),
      paused && delivery.paused && h("p", { class: "quiet" }, t("destination.why", { reason: delivery.paused })),
      facts([
        [t("waiting"), number(delivery.pending)],
        [t("retrying"), number(delivery.retrying)],
        [t("failed"), number(delivery.failed)],
        [t("destination.last"), delivery.last_error],
        [t("destination.next"), delivery.next_attempt_at && ago(delivery.next_attempt_at)],
      ]),
    );
  }
}

function where({ name, url, queue, binding, events }) {
  const target = url ?? (queue && t("destination.queue", { name: queue })) ?? (name === "default" ? t("destination.variables") : undefined);
  return h("p", { class: "where" }, h("code", {}, target), binding && h("span", { class: "quiet" }, t("destination.binding", { name: binding })), events && h("span", { class: "quiet" }, events.join(", ")));
}
