// What the demo shows.

import { bold, dim, green, red, say } from "../support/output.mjs";
import { logFile } from "./relay.mjs";
import { memberId } from "./portal.mjs";

const LABEL_WIDTH = 13;

const field = (label, value) => say(`    ${dim(label.padEnd(LABEL_WIDTH))}${value}`);

export function showPart(name, text) {
  say(`  ${name.padEnd(LABEL_WIDTH)}${text}`);
}

export function showSent(event, subject, { id, seq }) {
  say(`\n${bold("->")} Bitrix24 sends ${bold(event)}, id ${subject}`);
  say(`   The relay answers 200: accepted as ${id}, number ${seq} of the portal's log`);
}

export function showDelivery({ id, event, signature, problem }) {
  say(`\n${bold("<-")} The receiver gets ${bold(event?.type ?? "a request that it does not believe")}`);
  if (event !== undefined) {
    field("subject", event.subject ?? dim("none"));
    field("source", event.source);
    field("time", event.time);
    field("data", JSON.stringify(event.data));
  }
  field("webhook-id", id ?? dim("none"));
  say(`    ${signature === "ok" ? green("signature ok") : red("signature BAD")}${problem === undefined ? "" : `, ${red(problem)}`}`);
}

export function showWhereToLook(settings) {
  say(`\n${bold("It works, and stays up.")} In another terminal:\n`);
  say(dim("  # send more"));
  say("  npm run send -- ONCALENDARENTRYADD 77\n");
  say(dim("  # the dashboard of the relay: a page in a browser, and the token to sign in with"));
  say(`  ${settings.relay}/`);
  say(`  ${settings.adminToken}\n`);
  say(dim("  # click in the portal: a page in a browser"));
  say(`  ${new URL(settings.portal).origin}\n`);
  say(dim("  # read the portal's log"));
  say(`  curl -H 'Authorization: Bearer ${settings.adminToken}' '${settings.relay}/portals/${memberId}/events'\n`);
  say(dim("  # what the relay says"));
  say(`  tail -f ${logFile}\n`);
  say("Ctrl-C stops it. The log is kept in .wrangler/state and is there again at the next npm start.");
}
