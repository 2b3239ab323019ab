// A portal at a glance: numbers, charts, where its events go, and its tokens.

import { fill, h } from "../lib/dom.js";
import { deliveriesOf, heldEvents, summed } from "../lib/health.js";
import { together } from "../lib/latency.js";
import { follow } from "../lib/tail.js";
import { bytes, t } from "../lib/text.js";
import { activityPanel } from "../parts/activity.js";
import { latencyPanel } from "../parts/latency.js";
import { ago, badge, facts, section, tile } from "../parts/pieces.js";
import { destinationsPanel } from "./destinations.js";

/** Milliseconds within which many events lead to one look. */
const CALM = 2_000;

export function overview({ root, api, signal, memberId, status, reread }) {
  const tiles = h("dl", { class: "tiles" });
  const activity = activityPanel({ api, memberId, signal });
  const latency = latencyPanel({ signal });
  const destinations = destinationsPanel({ api, memberId, signal, reread });
  const tokens = h("div", {});
  fill(root, tiles, h("div", { class: "charts" }, activity.element, latency.element), destinations.element, tokens);
  show(status);

  let timer;
  const onEvent = ({ event }) => {
    activity.add(event);
    timer ??= setTimeout(() => ((timer = undefined), reread()), CALM);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  follow({ api, memberId, query: {}, after: status.log.last_seq, signal, onEvent, onState: () => undefined });
  return { onStatus: show };

  function show(status) {
    fill(tiles, numbers(status));
    latency.show(together(deliveriesOf(status).map(({ latency }) => latency)));
    destinations.show(status);
    fill(tokens, tokenPanel(status.tokens));
  }
}

function numbers(status) {
  const failed = summed(status, "failed");
  const held = heldEvents(status);
  const { bytes: used = 0, limit_bytes: limit = 0 } = status.storage ?? {};
  return [
    tile(t("events"), status.log.last_seq, { hint: status.log.first_seq > 1 ? t("keptFrom", { seq: status.log.first_seq }) : undefined }),
    tile(t("waiting"), summed(status, "pending")),
    tile(t("retrying"), summed(status, "retrying"), { level: summed(status, "retrying") > 0 ? "warn" : "" }),
    tile(t("failed"), failed, { level: failed > 0 ? "bad" : "" }),
    tile(t("held"), held, { level: held > 0 ? "warn" : "" }),
    tile(t("storage"), bytes(used), { hint: limit > 0 ? t("storage.of", { limit: bytes(limit) }) : undefined }),
  ];
}

const tokenPanel = (tokens) =>
  section(
    t("tokens"),
    [],
    h(
      "ul",
      { class: "cards" },
      tokens.map(({ sha256, label, kind, status, added_at, ended_at }) =>
        h(
          "li",
          { class: "card" },
          h("header", {}, h("strong", {}, label ?? t(`token.${kind}`)), badge(status)),
          facts([
            ["SHA-256", h("code", { title: sha256 }, `${sha256.slice(0, 12)}…`)],
            [t("token.kind"), t(`token.${kind}`)],
            [t("token.added"), added_at && ago(added_at)],
            [t("token.ended"), ended_at && ago(ended_at)],
          ]),
        ),
      ),
    ),
  );
