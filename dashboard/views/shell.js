// The frame around all views: the way about, what is wrong with the configuration, language and colours.

import { health } from "../lib/api.js";
import { fill, h, icon } from "../lib/dom.js";
import { repeat } from "../lib/refresh.js";
import * as to from "../lib/router.js";
import { LANGUAGES, chooseLanguage, currentLanguage, t } from "../lib/text.js";
import { nextTheme, theme } from "../lib/theme.js";
import { iconButton } from "../parts/controls.js";
import { banner } from "../parts/pieces.js";

/** Seconds between looks at the configuration, which only a deployment changes, and at portals that wait to be registered. */
const CONFIGURATION_SECONDS = 300;
const WAITING_SECONDS = 60;
/** Portals that are counted; there may be more. */
const MOST_COUNTED = 20;

export const logo = () => h("span", { class: "logo" }, icon("pulse"));

export function shell({ api, signal, onSignOut, onLanguage }) {
  const links = [
    ["portals", to.portals, t("portals")],
    ["unregistered", to.unregistered, t("unregistered")],
    ["setup", to.setup, t("setup")],
  ].map(([view, href, label]) => [view, h("a", { href }, label)]);
  const main = h("main", { id: "content", tabindex: "-1" });
  const errors = h("div", { class: "errors" });
  const element = h(
    "div",
    { class: "shell" },
    h("a", { class: "skip", href: "#content", onclick: (event) => (event.preventDefault(), main.focus()) }, t("skip")),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: to.portals }, logo(), h("span", {}, t("title.short"))),
      h("nav", { "aria-label": t("navigation") }, links.map(([, link]) => link)),
      h("div", { class: "tools" }, preferences(onLanguage), iconButton({ label: t("signOut"), symbol: "out", onPress: onSignOut })),
    ),
    errors,
    main,
  );
  repeat(CONFIGURATION_SECONDS, signal, async () => showErrors(errors, await health(signal).catch(() => [])));
  repeat(WAITING_SECONDS, signal, async () => {
    const { portals, next } = await api.get("/portals", { state: "unknown", limit: MOST_COUNTED }, signal).catch(() => ({ portals: [] }));
    const [, link] = links.find(([view]) => view === "unregistered");
    fill(link, t("unregistered"), portals.length > 0 && h("span", { class: "count" }, `${portals.length}${next ? "+" : ""}`));
  });
  return {
    element,
    main,
    clear: () => fill(main),
    mark(route) {
      for (const [view, link] of links) {
        const isHere = view === route.view || (view === "portals" && route.view === "portal");
        if (isHere) link.setAttribute("aria-current", route.view === view ? "page" : "true");
        else link.removeAttribute("aria-current");
      }
      document.title = [route.memberId ?? t(route.view), t("title")].join(" · ");
    },
  };
}

function showErrors(place, errors) {
  const list = h("ul", {}, errors.map(({ variable, message }) => h("li", {}, h("code", {}, variable), " ", message)));
  fill(place, errors.length > 0 && banner("bad", t("configuration", { count: errors.length }), list, h("p", {}, t("configuration.what"))));
}

/** Language and colours. */
export function preferences(onLanguage) {
  const other = LANGUAGES[(LANGUAGES.indexOf(currentLanguage()) + 1) % LANGUAGES.length];
  const language = h("button", { type: "button", class: "button bare", lang: other, "aria-label": `${other.toUpperCase()}, ${t("language.other")}` }, icon("globe"), h("span", {}, other.toUpperCase()));
  language.addEventListener("click", () => {
    chooseLanguage(other);
    document.documentElement.lang = currentLanguage();
    onLanguage();
  });
  document.documentElement.lang = currentLanguage();
  const name = () => t(`theme.${theme()}`);
  const colours = iconButton({ label: name(), symbol: "moon", onPress: () => (nextTheme(), tell()) });
  const tell = () => ["aria-label", "title"].forEach((attribute) => colours.setAttribute(attribute, name()));
  return h("div", { class: "preferences" }, language, colours);
}
