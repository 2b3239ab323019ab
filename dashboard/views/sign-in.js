// Asks for the operator's token.

import { h } from "../lib/dom.js";
import { explain } from "../lib/problems.js";
import { t } from "../lib/text.js";
import { busy, field } from "../parts/controls.js";
import { logo, preferences } from "./shell.js";

export function signIn({ refusal, onToken, onLanguage }) {
  const input = h("input", { type: "password", name: "token", autocomplete: "current-password", required: true, spellcheck: "false" });
  const problem = h("p", { class: "problem", role: "alert", hidden: !refusal }, refusal);
  const submit = h("button", { type: "submit", class: "button main" }, t("signIn"));
  const enter = async (event) => {
    event.preventDefault();
    await busy(submit, async () => {
      try {
        await onToken(input.value.trim());
      } catch (error) {
        problem.textContent = explain(error);
        problem.hidden = false;
        input.select();
      }
    });
  };
  return h(
    "div",
    { class: "gate" },
    h(
      "main",
      {},
      h("div", { class: "brand" }, logo(), h("h1", {}, t("title"))),
      h("p", { class: "quiet" }, t("signIn.what")),
      h("form", { onsubmit: enter }, field("ADMIN_TOKEN", input, t("signIn.hint")), problem, submit),
      h("details", {}, h("summary", {}, t("signIn.none")), h("p", {}, t("signIn.make")), h("pre", { tabindex: "0" }, h("code", {}, MAKE))),
    ),
    h("footer", {}, preferences(onLanguage)),
  );
}

const MAKE = "openssl rand -base64 32 > ~/relay-admin-token\nnpx wrangler secret put ADMIN_TOKEN < ~/relay-admin-token";
