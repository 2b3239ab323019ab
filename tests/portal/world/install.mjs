// What happens to an application on a portal: installed, finished, updated, removed.

import { createHash } from "node:crypto";
import { Misuse } from "./misuse.mjs";
import { nextHandlerId } from "./portal.mjs";

const md5 = (text) => createHash("md5").update(text).digest("hex");

export const isRunning = (install) => install.active && install.installed;

/** The installation of an application on a portal, removed ones included. */
export const findInstall = (portal, application, ifMissing = "fails") => {
  const found = portal.installs.find((install) => install.application === application);
  if (found === undefined && ifMissing === "fails") throw new Misuse(`${application.client_id} was never installed on ${portal.domain}`);
  return found;
};

/**
 * Puts an application on a portal, anew or again. An application without interface is complete at once, and has a handler for
 * ONAPPINSTALL; one with a page is complete when the page calls `BX24.installFinish()`.
 *
 * `application_token` overrules the one that is computed. Of an application that was removed the token stays, unless
 * `new_token`, which is what happens to a local application that was deleted and made again.
 */
export function putOn(world, portal, application, { user, application_token, new_token = false }) {
  const known = findInstall(portal, application, "missing");
  const install = known ?? addInstall(world, portal, application);
  if (new_token) install.shared_key = world.random.hex(32);
  if (known === undefined || new_token || application_token !== undefined) setToken(world, install, application_token);
  Object.assign(install, { user, active: true, installed: application.interface === "none", version: application.version });
  if (application.interface === "none") bindInstaller(portal, install);
  return install;
}

function addInstall(world, portal, application) {
  const install = {
    id: portal.next.install,
    portal,
    application,
    shared_key: application.kind === "local" ? md5(portal.member_id + application.client_secret) : world.random.hex(32),
    payment_expired: false,
    payment_required: false,
    allowed_users: undefined,
    handlers: [],
  };
  portal.next.install += 1;
  portal.installs.push(install);
  return install;
}

/** Computed as Bitrix24 does: one per portal and application, the same for all of its events. */
function setToken(world, install, given) {
  const { portal, application, id, shared_key } = install;
  const secret = application.kind === "local" ? application.client_secret : "";
  install.application_token = given ?? md5(`${portal.member_id}|${id}|${secret}|${shared_key}`);
  world.tokens.note("application_token", install.application_token, { install, portal });
}

/** What `BX24.installFinish()` does. Returns whether it was not complete before. */
export function finish(install) {
  const first = !install.installed;
  install.installed = true;
  return first;
}

/** Brings a new version: its handlers of ONAPPINSTALL go; the others stay, though an installer should not count on it. */
export function update(world, install, { version, application_token, wizard = false }) {
  const { portal, application } = install;
  const previous = install.version;
  install.version = version ?? previous + 1;
  application.version = install.version;
  if (application_token !== undefined) setToken(world, install, application_token);
  install.handlers = install.handlers.filter(({ event }) => event !== "ONAPPINSTALL");
  if (application.interface === "none") bindInstaller(portal, install);
  else if (wizard) install.installed = false;
  return previous;
}

/** Removes an application: its handlers and OAuth tokens go, the row and its application_token stay. */
export function remove(world, install) {
  install.active = false;
  install.installed = false;
  install.handlers = [];
  world.tokens.revoke(install);
}

/** "Initial installation path" becomes the handler of ONAPPINSTALL. */
function bindInstaller(portal, install) {
  const handler = install.application.url_install;
  if (install.handlers.some((row) => row.event === "ONAPPINSTALL" && row.handler === handler)) return;
  install.handlers.push({ id: nextHandlerId(portal), event: "ONAPPINSTALL", handler, user: 0, offline: false, connector: "" });
}
