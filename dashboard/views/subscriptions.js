// What the portal's application should be told, and what it is: the difference, and how to mend it.

import { fill, h } from "../lib/dom.js";
import { whenChanged } from "../lib/refresh.js";
import { t } from "../lib/text.js";
import { button } from "../parts/controls.js";
import { notify } from "../parts/notify.js";
import { ago, badge, banner, empty, facts, section } from "../parts/pieces.js";

export function subscriptions({ root, api, memberId, status, reread }) {
  const place = h("div", {});
  const outcome = h("div", { role: "status" });
  const sync = button({
    label: t("sync"),
    symbol: "refresh",
    kind: "main",
    onPress: async () => {
      const { report } = await api.post(`/portals/${memberId}/sync`);
      notify(t("sync.done"));
      fill(outcome, difference(report));
      await reread();
    },
  });
  fill(root, place, outcome);
  const show = whenChanged(showApplication);
  show(status.application);
  return { onStatus: ({ application }) => show(application) };

  function showApplication(application) {
    if (application === undefined) return fill(place, section(t("tab.subscriptions"), [], empty(t("subscriptions.none"), h("p", {}, t("subscriptions.none.what")))));
    fill(place, standing(application), bindings(application.subscriptions, sync));
  }
}

function standing(application) {
  const { client_id, state, advice, user_id, client_endpoint, access_expires_at, refreshed_at, installed, payment_expired } = application;
  const yesNo = (value) => (value === undefined || value === null ? undefined : t(value ? "yes" : "no"));
  return section(
    t("application"),
    [badge(state, state === "valid" ? "ok" : "bad")],
    advice && banner("warn", t("application.advice"), h("p", {}, advice)),
    facts([
      ["client_id", h("code", {}, client_id)],
      ["REST", h("code", {}, client_endpoint)],
      [t("application.user"), user_id],
      [t("application.expires"), access_expires_at && ago(access_expires_at)],
      [t("application.refreshed"), refreshed_at && ago(refreshed_at)],
      [t("application.installed"), yesNo(installed)],
      [t("application.unpaid"), yesNo(payment_expired)],
    ]),
  );
}

function bindings({ checked_at, desired, actual, failed, error }, sync) {
  const bound = new Set(actual.map(({ event }) => event.toUpperCase()));
  const broken = new Map(failed.map((one) => [one.event.toUpperCase(), one]));
  const extra = [...bound].filter((event) => !desired.some((wanted) => wanted.toUpperCase() === event));
  const row = (event) => {
    const name = event.toUpperCase();
    const state = broken.has(name) ? "failed" : bound.has(name) ? "bound" : "missing";
    return h("tr", {}, h("th", { scope: "row" }, h("code", {}, event)), h("td", {}, badge(state, { bound: "ok", missing: "warn", failed: "bad" }[state])), h("td", {}, reason(broken.get(name))));
  };
  const extraRow = (event) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, event)), h("td", {}, badge("extra", "off")), h("td", {}));
  return section(
    t("tab.subscriptions"),
    sync,
    error && banner("bad", t("subscriptions.error"), h("p", {}, error)),
    h("p", { class: "quiet" }, t("subscriptions.checked"), " ", ago(checked_at)),
    h(
      "table",
      { class: "plain" },
      h("caption", { class: "unseen" }, t("tab.subscriptions")),
      h("thead", {}, h("tr", {}, ["event", "state", "why"].map((name) => h("th", { scope: "col" }, t(name))))),
      h("tbody", {}, desired.map(row), extra.map(extraRow)),
    ),
  );
}

const reason = (failed) => failed && (failed.missing_scope ? t("subscriptions.scope", { scope: failed.missing_scope }) : failed.code);

/** What a sync found and mended. */
function difference({ bound, unbound, failed, error }) {
  const lines = [
    ...bound.map((event) => t("sync.bound", { event })),
    ...unbound.map(({ event }) => t("sync.unbound", { event })),
    ...failed.map((one) => `${one.event}: ${reason(one)}`),
    ...(error ? [error] : []),
  ];
  return section(t("sync.difference"), [], lines.length > 0 ? h("ul", {}, lines.map((line) => h("li", {}, line))) : h("p", {}, t("sync.nothing")));
}
