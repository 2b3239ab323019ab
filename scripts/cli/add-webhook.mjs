// `add-webhook`: registers the token of an outgoing webhook.

import { Failure, bold, green, say } from "../support/output.mjs";
import { RUN } from "./words.mjs";

export async function addWebhook({ api, operands, options, environment }) {
  const [memberId, ...more] = operands;
  // Not an argument: those can be seen by everybody on the machine, and stay in the shell's history.
  const token = environment.RELAY_WEBHOOK_TOKEN;
  if (memberId === undefined || more.length > 0 || !token) {
    throw new Failure("a MEMBER_ID, and the token in RELAY_WEBHOOK_TOKEN, are needed", [
      "read -rs RELAY_WEBHOOK_TOKEN && export RELAY_WEBHOOK_TOKEN",
      `${RUN} add-webhook MEMBER_ID --label 'deals webhook'`,
    ]);
  }
  const body = { application_token: token, domain: options.domain, label: options.label, kind: "webhook" };
  const portal = await api.json("PUT", `/portals/${encodeURIComponent(memberId)}`, { body });
  if (options.json) return say(JSON.stringify(portal));
  say(green(`Registered. ${bold(portal.member_id)} is ${portal.state} with ${portal.tokens.length} token(s); its log has ${portal.log.last_seq} events.`));
}
