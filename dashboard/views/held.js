// Events that wait for their token to be registered, and how to do that.

import { fill, h } from "../lib/dom.js";
import { sha256 } from "../lib/hash.js";
import { whenChanged } from "../lib/refresh.js";
import { t } from "../lib/text.js";
import { busy, copyable, field, select } from "../parts/controls.js";
import { notify } from "../parts/notify.js";
import { ago, badge, empty, section } from "../parts/pieces.js";

export function held({ root, api, memberId, status, reread }) {
  const list = h("div", {});
  const form = registerForm();
  fill(root, list, section(t("register.title"), [], h("p", {}, t("register.what")), form.element));
  const showHeld = whenChanged(showGroups);
  show(status);
  return { onStatus: show };

  function show(status) {
    form.show(status);
    showHeld(status.held);
  }

  function showGroups(held) {
    const groups = held.map(({ sha256, events, oldest }) =>
      h(
        "li",
        { class: "card" },
        h("header", {}, h("strong", {}, t("held.events", { count: events })), badge("held", "warn")),
        h("p", { class: "quiet" }, t("held.oldest"), " ", ago(oldest)),
        h("p", {}, h("small", {}, t("held.hash")), copyable(sha256, `${sha256.slice(0, 24)}…`)),
      ),
    );
    fill(list, section(t("held.title"), [], groups.length > 0 ? [h("p", {}, t("held.what")), h("ul", { class: "cards" }, groups)] : empty(t("held.none"), h("p", {}, t("held.what")))));
  }

  function registerForm() {
    const token = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
    const domain = h("input", { type: "text", placeholder: "example.bitrix24.com", autocomplete: "off", spellcheck: "false" });
    const label = h("input", { type: "text", placeholder: "deals webhook", autocomplete: "off" });
    const kind = select(["webhook", "app"].map((name) => [name, t(`token.${name}`)]), "webhook");
    const verdict = h("p", { class: "verdict", role: "status" });
    const submit = h("button", { type: "submit", class: "button main" }, t("register"));
    let waiting = [];
    token.addEventListener("input", compare);
    const register = async (event) => {
      event.preventDefault();
      await busy(submit, async () => {
        const body = { application_token: token.value.trim(), kind: kind.value, ...(domain.value && { domain: domain.value }), ...(label.value && { label: label.value }) };
        await api.put(`/portals/${memberId}`, body);
        notify(t("register.done"));
        token.value = "";
        fill(verdict);
        await reread();
      });
    };
    const fields = h("div", { class: "fields" }, field(t("register.token"), token, t("register.token.where")), field(t("domain"), domain), field(t("label"), label), field(t("token.kind"), kind));
    return {
      element: h("form", { onsubmit: register }, fields, verdict, h("footer", {}, submit)),
      show(status) {
        waiting = status.held;
        if (!domain.value && status.domain && document.activeElement !== domain) domain.value = status.domain;
      },
    };

    /** The hash is the proof: anybody can post under any member_id, and only the portal knows the token. */
    async function compare() {
      const text = token.value.trim();
      if (text === "") return fill(verdict);
      const hash = await sha256(text);
      const found = waiting.find((one) => one.sha256 === hash);
      verdict.dataset.level = found ? "ok" : "warn";
      fill(verdict, found ? t("register.fits", { count: found.events }) : t(waiting.length > 0 ? "register.fitsNot" : "register.nothingWaits"));
    }
  }
}
