// What people do on a portal, and what Bitrix24 tells of it: changes, and the life of an application.

import { postsAbout, postsOf } from "./queue/event.mjs";
import { dataOf } from "./world/catalogue.mjs";
import { deleteObject, putObject, typeOf } from "./world/objects.mjs";
import * as installation from "./world/install.mjs";

/** Something changed: stores the object where it can be read, and queues the POSTs. Returns a promise of what became of them. */
export function raise(world, portal, { event, id, fields, user, data = dataOf(event.toUpperCase(), id) }) {
  const name = event.toUpperCase();
  const type = typeOf(name);
  if (type !== undefined && id !== undefined) {
    if (name.endsWith("DELETE")) deleteObject(portal, type, id);
    else putObject(portal, type, id, fields);
  }
  // What happens to a record of one type happens to a record as well: two events, for those that listen to both.
  const names = /_\d+$/.test(name) ? [name.replace(/_\d+$/, ""), name] : [name];
  return world.queue.send(names.flatMap((one) => postsOf(world, portal, { event: one, data, user })));
}

/** Installs an application, or installs it again. Without interface it is told at once; a page is opened by a person. */
export function install(world, portal, application, options) {
  const row = installation.putOn(world, portal, application, options);
  return { install: row, told: tellInstalled(world, row) };
}

/** Tells the handlers of ONAPPINSTALL, if the installation is complete. */
function tellInstalled(world, row) {
  if (!row.installed) return Promise.resolve([]);
  const data = { VERSION: String(row.version), ACTIVE: "Y", INSTALLED: "Y", LANGUAGE_ID: row.portal.language };
  return world.queue.send(postsAbout(world, row, "ONAPPINSTALL", data, row.user));
}

/** What `BX24.installFinish()` causes. A second time it causes the same. */
export function finish(world, row) {
  installation.finish(row);
  return tellInstalled(world, row);
}

export function update(world, row, { user = row.user, ...options }) {
  const previous = installation.update(world, row, options);
  const data = { VERSION: String(row.version), PREVIOUS_VERSION: String(previous), LANGUAGE_ID: row.portal.language };
  const posts = postsAbout(world, row, "ONAPPUPDATE", data, user);
  const updated = world.queue.send(posts);
  const installed = row.application.interface === "none" ? tellInstalled(world, row) : Promise.resolve([]);
  return Promise.all([updated, installed]).then((outcomes) => outcomes.flat());
}

/** Removes an application. `clean`: the person asked for its data to be deleted as well. */
export function uninstall(world, row, { clean = false } = {}) {
  const data = { LANGUAGE_ID: row.portal.language, CLEAN: clean ? 1 : 0 };
  const posts = postsAbout(world, row, "ONAPPUNINSTALL", data, row.user);
  installation.remove(world, row);
  return world.queue.send(posts);
}
