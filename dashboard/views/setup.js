// What to do when there is nothing yet: from the address of the handler to the first event.

import { fill, h } from "../lib/dom.js";
import * as to from "../lib/router.js";
import { t } from "../lib/text.js";
import { copyable } from "../parts/controls.js";

export function setup({ root }) {
  fill(root, h("h1", {}, t("setup.title")), guide());
}

/** The steps. An application installs itself; an outgoing webhook is registered by hand. */
export function guide() {
  const { origin } = location;
  return h(
    "div",
    { class: "guide" },
    h("p", { class: "lead" }, t("setup.lead")),
    h(
      "section",
      { class: "panel" },
      h("header", {}, h("h2", {}, t("setup.webhook"))),
      h(
        "ol",
        { class: "steps" },
        step(t("setup.webhook.create"), t("setup.webhook.create.how"), h("p", {}, copyable(`${origin}/events`))),
        step(t("setup.webhook.cause"), t("setup.webhook.cause.how")),
        step(t("setup.webhook.register"), t("setup.webhook.register.how"), h("p", {}, h("a", { class: "button", href: to.unregistered }, t("unregistered.show")))),
      ),
    ),
    h(
      "section",
      { class: "panel" },
      h("header", {}, h("h2", {}, t("setup.application"))),
      h(
        "ol",
        { class: "steps" },
        step(t("setup.application.create"), t("setup.application.create.how"), h("p", {}, copyable(`${origin}/install`))),
        step(t("setup.application.variables"), t("setup.application.variables.how"), code(VARIABLES(origin))),
        step(t("setup.application.install"), t("setup.application.install.how")),
      ),
    ),
    h(
      "section",
      { class: "panel" },
      h("header", {}, h("h2", {}, t("setup.forward"))),
      h("ol", { class: "steps" }, step(t("setup.forward.set"), t("setup.forward.set.how"), code(FORWARD)), step(t("setup.forward.none"), t("setup.forward.none.how"))),
    ),
  );
}

const step = (title, text, ...more) => h("li", {}, h("strong", {}, title), h("p", {}, text), ...more);

const code = (text) => h("pre", { tabindex: "0" }, h("code", {}, text));

const VARIABLES = (origin) => `B24_CLIENT_ID = "local.0123456789abcd.01234567"
PUBLIC_URL = "${origin}"

npx wrangler secret put B24_CLIENT_SECRET
openssl rand -base64 32 | npx wrangler secret put VAULT_KEY
npm run deploy`;

const FORWARD = `FORWARD_URL = "https://internal.example.com/bitrix24"

printf 'whsec_%s' "$(openssl rand -base64 32)" | npx wrangler secret put FORWARD_SECRET
npm run deploy`;
