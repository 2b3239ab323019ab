// Applications, as they are registered at the OAuth server.

import { Misuse } from "./misuse.mjs";

const SCOPE = ["calendar", "crm", "task", "user_brief", "placement"];

/**
 * Registers an application.
 *
 * - `kind`: `local` (made in one portal) or `market`
 * - `interface`: `page` (installed in a frame, by a person) or `none` (ONAPPINSTALL is posted to `url_install` at once)
 * - `url_install`: the "initial installation path"; `url_handler`: the page that the application opens with afterwards
 */
export function addApplication(world, options = {}) {
  const { client_id, client_secret, kind = "local", scope = SCOPE, version = 1, url_install, url_handler } = options;
  if (kind !== "local" && kind !== "market") throw new Misuse("kind is local or market");
  const surface = options.interface ?? "none";
  if (surface !== "page" && surface !== "none") throw new Misuse("interface is page or none");
  if (typeof url_install !== "string") throw new Misuse("an application needs url_install, where it is installed");
  const id = client_id ?? (kind === "local" ? `local.${world.random.hex(14)}.${digits(world)}` : `app.${world.random.hex(14)}.${digits(world)}`);
  if (world.applications.some((application) => application.client_id === id)) throw new Misuse(`there is an application ${id} already`);
  const application = {
    client_id: id,
    client_secret: world.tokens.note("client_secret", client_secret ?? world.random.text(50), { client_id: id }),
    kind,
    interface: surface,
    scope,
    version,
    url_install,
    url_handler: url_handler ?? url_install,
    code: options.code ?? `simulated.${id.replace(/\W/g, "_")}`,
    status: options.status ?? (kind === "local" ? "L" : "F"),
  };
  world.applications.push(application);
  return application;
}

const digits = (world) =>
  String(Number.parseInt(world.random.hex(12), 16))
    .slice(0, 8)
    .padEnd(8, "0");

/** The application with this client_id; without one, the only one there is. */
export function findApplication(world, clientId) {
  const found =
    clientId === undefined && world.applications.length === 1
      ? world.applications[0]
      : world.applications.find(({ client_id }) => client_id === clientId);
  if (found === undefined) throw new Misuse(clientId === undefined ? "say which application: client_id" : `there is no application ${clientId}`);
  return found;
}
