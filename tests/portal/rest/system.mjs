// What an application can ask about itself, its user and the portal.

const license = (portal) => ({
  LICENSE: portal.license,
  LICENSE_TYPE: portal.license.split("_")[1] ?? portal.license,
  LICENSE_FAMILY: /_([a-z]+)/.exec(portal.license)?.[1] ?? portal.license,
});

export const systemMethods = {
  "app.info": {
    run: ({ portal, install }) => ({
      ID: install.id,
      CODE: install.application.kind === "local" ? install.application.client_id : install.application.code,
      VERSION: install.version,
      STATUS: install.application.status,
      INSTALLED: install.installed,
      PAYMENT_EXPIRED: install.payment_expired ? "Y" : "N",
      DAYS: null,
      LANGUAGE_ID: portal.language,
      ...(portal.build === "old" ? { LICENSE: portal.license } : license(portal)),
    }),
  },
  profile: {
    run: ({ user }) => ({ ID: String(user.id), ADMIN: user.admin, NAME: user.name, LAST_NAME: user.last_name, PERSONAL_GENDER: "", TIME_ZONE: "" }),
  },
  "user.admin": { run: ({ user }) => user.admin },
  scope: { run: ({ install }) => install.application.scope },
  "server.time": { run: ({ world }) => new Date(world.clock.now()).toISOString().replace(/\.\d+Z$/, "+00:00") },
};
