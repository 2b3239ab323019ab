// The dashboard of the relay: signs the operator in, and shows the view that the address names.

import { Api, ApiError } from "./lib/api.js";
import { fill } from "./lib/dom.js";
import { explain } from "./lib/problems.js";
import { parse } from "./lib/router.js";
import { session } from "./lib/session.js";
import { useLanguage, t } from "./lib/text.js";
import { applyTheme } from "./lib/theme.js";
import { messages } from "./parts/notify.js";
import { tick } from "./parts/pieces.js";
import { shell } from "./views/shell.js";
import { signIn } from "./views/sign-in.js";
import { portals } from "./views/portals.js";
import { unregistered } from "./views/unregistered.js";
import { setup } from "./views/setup.js";
import { portal } from "./views/portal.js";

const VIEWS = { portals, unregistered, setup, portal };

/** What is shown: the view's key, how it takes a new address, and what ends it. */
let current;
/** What ends the frame around the views. */
let frame;

function start() {
  current?.ending.abort();
  frame?.ending.abort();
  current = frame = undefined;
  if (session.token() === null) return showSignIn();
  const ending = new AbortController();
  const api = new Api(session.token(), signOut);
  frame = { ending, api, ...shell({ api, signal: ending.signal, onSignOut: () => signOut(), onLanguage: start }) };
  fill(document.body, frame.element, messages());
  navigate();
}

function showSignIn(refusal) {
  document.title = t("title");
  fill(document.body, signIn({ refusal, onToken: enter, onLanguage: start }), messages());
  document.querySelector("input")?.focus();
}

/** Tries a token before it is kept: what only reads is no operator's. */
async function enter(token) {
  await new Api(token, () => undefined).get("/portals", { limit: 1 });
  session.begin(token);
  start();
}

function signOut(refusal) {
  session.end();
  start();
  if (refusal instanceof ApiError) showSignIn(explain(refusal));
}

function navigate() {
  if (frame === undefined) return;
  const route = parse(location.hash);
  const key = `${route.view} ${route.memberId} ${route.tab}`;
  frame.mark(route);
  if (current?.key === key && current.update) return current.update(route);
  current?.ending.abort();
  const ending = new AbortController();
  const root = frame.clear();
  const shown = VIEWS[route.view]({ root, api: frame.api, signal: ending.signal, route }) ?? {};
  const isFirst = current === undefined;
  current = { key, ending, update: shown.update };
  // Who came here by a link hears and reads from the top of what is new.
  if (!isFirst) frame.main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Milliseconds after which "a minute ago" is looked at again. */
const TICK = 15_000;

useLanguage();
applyTheme();
setInterval(tick, TICK);
addEventListener("hashchange", navigate);
start();
