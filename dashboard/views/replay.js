// Sends many events again: they are counted first, and sent only when the person has seen the count.

import { fill, h } from "../lib/dom.js";
import { repeat } from "../lib/refresh.js";
import { number, t } from "../lib/text.js";
import { busy, button, field, select } from "../parts/controls.js";
import { openDialog } from "../parts/dialog.js";
import { notify } from "../parts/notify.js";
import { ago, section } from "../parts/pieces.js";

const STATES = ["failed", "delivered", "superseded", ""];
const RATES = [1, 10, 50, 100];
/** Seconds between looks at replays that are under way. */
const LOOK = 3;

export function openReplay({ api, memberId, names, state, onBegun }) {
  const path = `/portals/${memberId}/redeliver`;
  openDialog(t("replay.title"), (close) => {
    /** What was counted, as it was asked for; and how often that was forgotten, by which a count knows that its choice was changed. */
    let counted;
    let generation = 0;
    const destination = select(names.map((name) => [name, name]), names[0], forget);
    const states = select(STATES.map((name) => [name, t(name === "" ? "replay.all" : `state.${name}`)]), STATES.includes(state) ? state : "failed", forget);
    const from = h("input", { type: "datetime-local", oninput: forget });
    const to = h("input", { type: "datetime-local", oninput: forget });
    const rate = select(RATES.map((value) => [value, t("replay.rate", { count: value })]), 10);
    const result = h("p", { class: "count-result", role: "status" });
    const send = button({ label: t("replay.send"), kind: "main", symbol: "send", disabled: true, onPress: begin });
    const count = h("button", { type: "submit", class: "button" }, t("replay.count"));
    const body = () => ({
      destination: destination.value,
      ...(states.value && { state: states.value }),
      ...(from.value && { from: new Date(from.value).toISOString() }),
      ...(to.value && { to: new Date(to.value).toISOString() }),
    });
    return h(
      "form",
      { onsubmit: (event) => (event.preventDefault(), busy(count, countAll)) },
      h("p", { class: "quiet" }, t("replay.what")),
      h("div", { class: "fields" }, field(t("destination"), destination), field(t("replay.state"), states), field(t("replay.from"), from), field(t("replay.to"), to), field(t("replay.rate.label"), rate)),
      result,
      h("footer", {}, button({ label: t("cancel"), onPress: close }), count, send),
    );

    /** What was counted is no longer what would be sent. */
    function forget() {
      generation += 1;
      counted = undefined;
      send.disabled = true;
      send.lastChild.textContent = t("replay.send");
      fill(result);
    }

    async function countAll() {
      forget();
      const [wanted, own] = [body(), generation];
      let total = 0;
      let after = 0;
      for (let more = true; more; ) {
        const page = await api.post(path, { ...wanted, after, dry_run: true });
        if (own !== generation) return;
        total += page.count;
        ({ next: after, more } = page);
        fill(result, t("replay.counting", { count: total }));
      }
      fill(result, t("replay.counted", { count: total }));
      counted = wanted;
      send.disabled = total === 0;
      if (total > 0) send.lastChild.textContent = t("replay.sendCount", { count: total });
    }

    async function begin() {
      await api.post(path, { ...counted, rate: Number(rate.value) });
      close();
      notify(t("replay.begun"));
      onBegun();
    }
  });
}

/** The replays that are under way; nothing where there are none. */
export function replaysPanel({ api, memberId, signal }) {
  const element = h("div", {});
  const read = repeat(LOOK, signal, async () => {
    const { replays } = await api.get(`/portals/${memberId}/redeliver`, {}, signal).catch(() => ({ replays: [] }));
    fill(element, replays.length > 0 && section(t("replays"), [], h("ul", { class: "replays" }, replays.map(item))));
    return replays.length > 0;
  });
  return { element, read };

  function item({ id, destination, state, next, last, replayed, rate, created_at }) {
    const cancel = async () => {
      await api.delete(`/portals/${memberId}/redeliver/${id}`);
      await read();
    };
    return h(
      "li",
      {},
      h("span", {}, h("strong", {}, destination), " ", state ? t(`state.${state}`) : t("replay.all"), " · ", t("replay.rate", { count: rate }), " · ", ago(created_at)),
      h("progress", { max: Math.max(1, last), value: Math.min(next, last), "aria-label": t("replays") }),
      h("span", { class: "quiet" }, t("replay.progress", { count: replayed, place: number(Math.min(next, last)), last: number(last) })),
      button({ label: t("cancel"), onPress: cancel }),
    );
  }
}
