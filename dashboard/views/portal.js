// One portal: how it stands, and what can be looked at and done in its tabs.

import { fill, h, icon } from "../lib/dom.js";
import { heldEvents, judge, summed } from "../lib/health.js";
import { repeat, whenChanged } from "../lib/refresh.js";
import * as to from "../lib/router.js";
import { number, t } from "../lib/text.js";
import { copyable } from "../parts/controls.js";
import { badge, dot, empty, failure, loading } from "../parts/pieces.js";
import { deliveries } from "./deliveries.js";
import { events } from "./events.js";
import { held } from "./held.js";
import { overview } from "./overview.js";
import { subscriptions } from "./subscriptions.js";

/** Seconds between two looks at the state, which cannot be subscribed to. Whoever follows the log looks after each event, too. */
const EVERY = 20;

const TABS = { overview, events, deliveries, held, subscriptions };

export function portal({ root, api, signal, route }) {
  const { memberId } = route;
  const head = h("div", { class: "head" });
  const body = h("div", { class: "tab" }, loading());
  const showHead = whenChanged((portal) => fill(head, header(portal)));
  // Of a portal that nobody registered there are held events, and nothing else.
  const tabOf = ({ state }) => (state === "unknown" ? "held" : route.tab);
  let place = route;
  let status;
  let shown;
  fill(root, head, body);
  const read = async () => {
    try {
      status = await api.get(`/portals/${memberId}`, {}, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isUnknown = error.code === "not_found";
      if (isUnknown) fill(root, back(), empty(t("portal.unknown"), h("p", {}, h("code", {}, memberId))));
      else if (shown === undefined) fill(body, failure(error, () => reread()));
      return;
    }
    showHead(headOf(status, tabOf(status)));
    if (shown === undefined) shown = TABS[tabOf(status)]({ root: fill(body), api, signal, memberId, status, reread: () => reread(), route: place }) ?? {};
    else shown.onStatus?.(status);
  };
  const reread = repeat(EVERY, signal, read);
  return {
    update(next) {
      place = next;
      shown?.onRoute?.(next);
    },
  };
}

const back = () => h("a", { class: "back", href: to.portals }, icon("back"), h("span", {}, t("portals")));

/** What the head shows of a portal. */
const headOf = (status, tab) => ({
  ...judge(status),
  member_id: status.member_id,
  domain: status.domain,
  state: status.state,
  tab,
  counts: { deliveries: summed(status, "failed"), held: heldEvents(status) },
});

function header({ member_id, domain, state, level, reasons, tab, counts }) {
  const tabs = state === "unknown" ? ["held"] : Object.keys(TABS);
  return [
    back(),
    h("div", { class: "name" }, h("h1", {}, dot(level, t(`level.${level}`)), domain ?? member_id), badge(state), copyable(member_id)),
    reasons.length > 0 && h("ul", { class: "reasons" }, reasons.map((reason) => h("li", {}, t(...reason)))),
    h(
      "nav",
      { class: "tabs", "aria-label": t("portal.parts") },
      tabs.map((name) => h("a", { href: name === "overview" ? to.portal(member_id) : to.portal(member_id, name), "aria-current": name === tab ? "page" : undefined }, t(`tab.${name}`), count(counts[name], name))),
    ),
  ];
}

/** What waits for somebody in a tab. */
const count = (waiting, tab) => waiting > 0 && h("span", { class: tab === "deliveries" ? "count bad" : "count" }, number(waiting));
