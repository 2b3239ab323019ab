// Operations on applications: registered, installed, used, removed.

import * as lifecycle from "../lifecycle.mjs";
import { RestError } from "../rest/error.mjs";
import { eventMethods } from "../rest/events.mjs";
import { formOf, postPage } from "../pages/form.mjs";
import { Misuse } from "../world/misuse.mjs";
import { eventsOf } from "../world/catalogue.mjs";
import { addApplication, findApplication } from "../world/application.mjs";
import { findInstall } from "../world/install.mjs";
import { findPortal, findUser } from "../world/portal.mjs";
import { outcome } from "./portals.mjs";
import { installView } from "./views.mjs";

/** The installation that `portal` and `client_id` name. */
export const installOf = (world, { portal, client_id }) => findInstall(findPortal(world, portal), findApplication(world, client_id));

/** Binds what is not bound yet. Returns the names of the events that the handler gets now and did not get before. */
function bindAll(world, install, user, handler, events = eventsOf(install.application.scope)) {
  return events.filter((event) => {
    try {
      return eventMethods["event.bind"].run({ world, portal: install.portal, install, user }, { event, handler });
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      if (/already binded$/.test(error.message)) return false;
      throw new Misuse(`${event}: ${error.message}`);
    }
  });
}

export const applicationOperations = {
  "application.add": {
    does: "registers an application: url_install [, url_handler, client_id, client_secret, kind (local, market), interface (none, page), scope, version]",
    run: (world, options) => addApplication(world, options),
  },
  applications: { does: "lists the registered applications", run: ({ applications }) => ({ applications }) },
  "application.set": {
    does: "changes an application: [client_id, scope, url_install, url_handler, client_secret]",
    run(world, { client_id, ...changes }) {
      const application = findApplication(world, client_id);
      for (const name of ["scope", "url_install", "url_handler", "client_secret"]) if (name in changes) application[name] = changes[name];
      world.tokens.note("client_secret", application.client_secret, { client_id: application.client_id });
      return application;
    },
  },
  install: {
    does: "installs an application, or installs it again: [portal, client_id, user, application_token, new_token, wait]; one with a page is then opened by page.post, or in a browser",
    async run(world, { portal, client_id, user, wait, ...options }) {
      const where = findPortal(world, portal);
      const { install, told } = lifecycle.install(world, where, findApplication(world, client_id), { ...options, user: findUser(where, user) });
      return {
        install: installView(world, install),
        ...(await outcome(told, { wait })),
      };
    },
  },
  subscribe: {
    does: "binds a handler as the application would with event.bind: handler [, events (all of its scopes), portal, client_id, user]",
    run(world, { handler, events, user, ...parameters }) {
      const install = installOf(world, parameters);
      return { bound: bindAll(world, install, findUser(install.portal, user), handler, events) };
    },
  },
  "install.finish": {
    does: "does what BX24.installFinish() does: [portal, client_id, wait]",
    async run(world, parameters) {
      const install = installOf(world, parameters);
      const told = lifecycle.finish(world, install);
      return { install: installView(world, install), ...(await outcome(told, parameters)) };
    },
  },
  update: {
    does: "brings a new version: [portal, client_id, version, application_token, wizard, user, wait]",
    async run(world, { user, wait, ...parameters }) {
      const install = installOf(world, parameters);
      const who = user === undefined ? install.user : findUser(install.portal, user);
      const told = lifecycle.update(world, install, { ...parameters, user: who });
      return { install: installView(world, install), ...(await outcome(told, { wait })) };
    },
  },
  uninstall: {
    does: "removes an application: [portal, client_id, clean, wait]",
    async run(world, parameters) {
      const install = installOf(world, parameters);
      const told = lifecycle.uninstall(world, install, parameters);
      return { install: installView(world, install), ...(await outcome(told, parameters)) };
    },
  },
  "install.set": {
    does: "changes an installation: [portal, client_id, payment_expired, payment_required, installed, allowed_users (ids, null: all)]",
    run(world, { allowed_users, ...parameters }) {
      const install = installOf(world, parameters);
      for (const name of ["payment_expired", "payment_required", "installed"]) if (name in parameters) install[name] = parameters[name] === true;
      if (allowed_users !== undefined) install.allowed_users = allowed_users ?? undefined;
      return installView(world, install);
    },
  },
  page: {
    does: "renders an application's page for a user and returns its form, unsent: [portal, client_id, user, placement, fields] -> url, fields",
    run(world, { user, placement, fields, ...parameters }) {
      const install = installOf(world, parameters);
      return formOf(world, install, findUser(install.portal, user), { placement, fields });
    },
  },
  "page.post": {
    does: "the same, and posts the form as the user's browser does: [portal, client_id, user, placement, fields] -> url, fields, status, headers, body",
    run(world, { user, placement, fields, ...parameters }) {
      const install = installOf(world, parameters);
      return postPage(world, formOf(world, install, findUser(install.portal, user), { placement, fields }));
    },
  },
  token: {
    does: "mints a pair of tokens for a user of an installed application: [portal, client_id, user]",
    run(world, { user, ...parameters }) {
      const install = installOf(world, parameters);
      const { access, refresh } = world.tokens.pair(install, findUser(install.portal, user));
      return { access_token: access.value, refresh_token: refresh.value, expires: access.expires };
    },
  },
};
