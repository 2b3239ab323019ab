// What `npm run portal` starts with, and what it says about it.

import { bold, dim, say } from "../../scripts/support/output.mjs";
import { addApplication } from "./world/application.mjs";
import { addPortal, addWebhook } from "./world/portal.mjs";

/** One portal with an outgoing webhook for all events, and one application that nobody has installed yet. */
export function addDefaults(world, { events, install, interface: surface }) {
  const portal = addPortal(world, { domain: "some-domain.bitrix24.com" });
  addWebhook(world, portal, { handler: events });
  addApplication(world, { url_install: install, interface: surface });
}

export function showHowToUse({ world, url, control }) {
  say(`\n${bold("A simulated Bitrix24 on this machine")}\n`);
  for (const portal of world.portals) {
    say(`  portal          ${portal.domain}, member_id ${portal.member_id}`);
    for (const user of portal.users) say(`                  user ${user.id}: ${user.name} ${user.last_name}${user.admin ? ", administrator" : ""}`);
    for (const webhook of portal.webhooks) say(`  webhook         ${webhook.handler}, application_token ${webhook.application_token}`);
  }
  for (const application of world.applications) {
    say(`  application     ${application.client_id}, secret ${application.client_secret}`);
    say(`                  is installed at ${application.url_install}${application.interface === "page" ? ", in a frame" : ""}`);
  }
  say(`  its addresses   ${world.address("some-domain.bitrix24.com")}/rest/, ${world.address("oauth.bitrix.info")}`);
  say(`\n${bold(`Open ${url} to click, or type here:`)}\n`);
  say("  event ONCALENDARENTRYUPDATE 1414      somebody edits a calendar entry");
  say("  install, finish, uninstall            what happens to the application");
  say("  portals, calls, deliveries, tokens    what there is and what happened");
  say("  help                                  every operation\n");
  say(dim(`For programs: POST ${control}/<operation> with a JSON object. docs/SIMULATOR.md describes it. Ctrl-C stops it.\n`));
}
