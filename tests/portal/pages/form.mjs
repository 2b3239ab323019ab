// The form with which a portal opens an application's page, and which the user's browser posts into a frame.

import { httpBuildQuery } from "../wire/form.mjs";
import { postForm } from "../queue/post.mjs";
import { ACCESS_SECONDS } from "../world/tokens.mjs";

/**
 * Renders the form for a user: `{ url, fields, sid, install, user }`. The page is the installer until the installation is
 * complete. `fields` replaces fields, and removes those that are null: what a user can do to a form.
 */
export function formOf(world, install, user, { placement = "DEFAULT", fields = {} } = {}) {
  const { portal, application } = install;
  const { access, refresh } = world.tokens.pair(install, user);
  const sid = world.random.hex(32);
  const [host, secure] = world.browserHost(portal.domain);
  const url = new URL(install.installed ? application.url_handler : application.url_install);
  for (const [name, value] of Object.entries({ DOMAIN: host, PROTOCOL: secure, LANG: portal.language, APP_SID: sid }))
    url.searchParams.set(name, value);
  const all = {
    AUTH_ID: access.value,
    AUTH_EXPIRES: String(ACCESS_SECONDS),
    REFRESH_ID: refresh.value,
    ...(portal.build === "old" ? {} : recentFields(world, install)),
    member_id: portal.member_id,
    status: application.status,
    PLACEMENT: placement,
    PLACEMENT_OPTIONS: "{}",
    ...fields,
  };
  return { url: url.href, sid, fields: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) };
}

/** Fields that only builds since August 2026 send. */
const recentFields = (world, { portal, application, application_token }) => ({
  SERVER_ENDPOINT: `${world.address(portal.oauth_host)}/rest/`,
  APPLICATION_TOKEN: application_token,
  APPLICATION_SCOPE: application.scope.join(","),
});

/** Posts the form as a browser in a frame of the portal does. */
export async function postPage(world, { url, fields }) {
  const [host, secure] = [new URL(url).searchParams.get("DOMAIN"), new URL(url).searchParams.get("PROTOCOL") === "1"];
  const origin = `${secure ? "https" : "http"}://${host}`;
  const body = httpBuildQuery(fields);
  const answer = await postForm(world, url, body, {
    headers: {
      "user-agent": "Mozilla/5.0 (simulated browser)",
      origin,
      referer: `${origin}/`,
      "sec-fetch-dest": "iframe",
      "sec-fetch-mode": "navigate",
    },
  });
  const { headers: _, body: text, ...outcome } = answer;
  world.deliveries.add({ by: "browser", handler: url, sent: body, ...outcome });
  return { url, fields, ...answer };
}
