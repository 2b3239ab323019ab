// The pages of a portal: its applications, and the frame in which one of them is open.

import { readFileSync } from "node:fs";
import { finish } from "../lifecycle.mjs";
import { findUser } from "../world/portal.mjs";
import { ACCESS_SECONDS } from "../world/tokens.mjs";
import { formOf } from "./form.mjs";
import { escape, html } from "./html.mjs";

const SCRIPT = readFileSync(new URL("frame.js", import.meta.url), "utf8");

const MISSING = { status: 404, text: "There is no such page.\n" };

/** Answers for a portal's address outside of `/rest/`. */
export function answerPage(world, portal, { verb, path, parameters }) {
  if (path === "/") return page(listOf(portal, world.prefix(portal.domain)));
  if (path === "/frame.js") return { status: 200, type: "text/javascript; charset=utf-8", text: SCRIPT };
  const [, id, action] = /^\/marketplace\/app\/(\d+)\/(\w*)$/.exec(path) ?? [];
  const install = portal.installs.find((install) => install.id === Number(id) && install.active);
  if (install === undefined) return MISSING;
  if (verb === "POST") return act(world, install, action, parameters.sid);
  return action === "" ? open(world, install, parameters) : MISSING;
}

const page = (text) => ({ status: 200, type: "text/html; charset=utf-8", text });

function listOf(portal, prefix) {
  const users = ({ id }) =>
    portal.users.map((user) => `<a href="${prefix}/marketplace/app/${id}/?user=${user.id}">as ${escape(user.name)}</a>`).join(" ");
  const entry = (install) => `<li>${escape(install.application.code)}${install.installed ? "" : " (not installed yet)"}: ${users(install)}`;
  const installs = portal.installs.filter(({ active }) => active);
  return html(portal.domain, `<ul>${installs.map(entry).join("")}</ul>${installs.length === 0 ? "<p>No application is installed.</p>" : ""}`);
}

/** Opens the application's page for a user: a form that posts itself into a frame, as on a portal. */
function open(world, install, { user: id }) {
  const { portal } = install;
  if (id !== undefined && !portal.users.some((user) => String(user.id) === id)) return MISSING;
  const user = findUser(portal, id);
  if (!install.installed && !user.admin) return page(html(portal.domain, "<p>Only an administrator can install this application.</p>"));
  const { url, sid, fields } = formOf(world, install, user);
  world.sessions.set(sid, { install, user, installer: !install.installed });
  const [host, secure] = world.browserHost(portal.domain);
  const init = {
    LANG: portal.language,
    DOMAIN: host,
    PROTOCOL: String(secure),
    PATH: `${world.prefix(portal.domain)}/rest`,
    AUTH_ID: fields.AUTH_ID,
    REFRESH_ID: fields.REFRESH_ID,
    AUTH_EXPIRES: fields.AUTH_EXPIRES,
    MEMBER_ID: portal.member_id,
    IS_ADMIN: user.admin,
    APP_OPTIONS: {},
    USER_OPTIONS: {},
    PLACEMENT: "DEFAULT",
    PLACEMENT_OPTIONS: {},
    INSTALL: !install.installed,
    FIRST_RUN: !install.installed,
  };
  const known = JSON.stringify({ sid, init, applicationOrigin: new URL(url).origin }).replaceAll("<", "\\u003c");
  const name = escape([host, secure, sid].join("|"));
  const inputs = Object.entries(fields).map(([field, value]) => `<input type="hidden" name="${escape(field)}" value="${escape(value)}">`);
  const who = `${escape(user.name)} ${escape(user.last_name)}${user.admin ? ", administrator" : ""}`;
  return page(
    html(
      portal.domain,
      `<p>${who}. <span id="state">${install.installed ? "The application is installed." : "The application is being installed."}</span> <output></output></p>
      <form method="post" action="${escape(url)}" target="${name}">${inputs.join("")}</form>
      <iframe name="${name}" title="application" allow="clipboard-write"></iframe>
      <script type="application/json" id="portal">${known}</script>
      <script src="../../../frame.js"></script>`,
    ),
  );
}

/** What the frame asks for: only the installer's frame, and only of an administrator, can complete an installation. */
function act(world, install, action, sid) {
  const session = world.sessions.get(sid);
  if (session?.install !== install) return { status: 403, body: { error: "this page is not open" } };
  if (action === "refresh") {
    const { access, refresh } = world.tokens.pair(install, session.user);
    return { status: 200, body: { AUTH_ID: access.value, REFRESH_ID: refresh.value, AUTH_EXPIRES: String(ACCESS_SECONDS) } };
  }
  if (action !== "finish") return MISSING;
  if (!session.installer || !session.user.admin) return { status: 403, body: { error: "only the installer can do that" } };
  finish(world, install);
  return { status: 200, body: { result: true } };
}
