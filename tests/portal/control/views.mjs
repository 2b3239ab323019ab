// What the control API shows of a world: everything that a test may want to compare, and no inner object.

export const portalView = (world, portal) => ({
  domain: portal.domain,
  member_id: portal.member_id,
  language: portal.language,
  oauth_host: portal.oauth_host,
  build: portal.build,
  deleted: portal.deleted,
  former_domains: portal.former_domains,
  users: portal.users,
  installs: portal.installs.map((install) => installView(world, install)),
  webhooks: portal.webhooks.map(({ application_token, handler, rows }) => ({ application_token, handler, events: rows.length })),
});

export const installView = (world, install) => ({
  portal: install.portal.domain,
  member_id: install.portal.member_id,
  client_id: install.application.client_id,
  id: install.id,
  version: install.version,
  active: install.active,
  installed: install.installed,
  payment_expired: install.payment_expired,
  payment_required: install.payment_required,
  user: install.user.id,
  application_token: install.application_token,
  handlers: install.handlers,
  /** Where a person opens it. */
  page: `${world.address(install.portal.domain)}/marketplace/app/${install.id}/`,
});

export const tokenView = ({ kind, value, install, user, portal, client_id, issued, expires, state }) => ({
  kind,
  value,
  state,
  portal: (install?.portal ?? portal)?.domain,
  client_id: install?.application.client_id ?? client_id,
  user: user?.id,
  issued,
  expires,
});
