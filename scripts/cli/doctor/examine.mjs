// The examination: from the address to the last destination.

import { Failure } from "../../support/output.mjs";
import { allPortals } from "../read.mjs";
import { RUN } from "../words.mjs";
import { finding } from "./finding.mjs";
import { ofPortal } from "./portal.mjs";
import { MAX_TESTS, Trials } from "./trial.mjs";

/** Clocks that differ by more make receivers refuse signatures: Standard Webhooks allows 5 minutes. */
const MAX_SKEW_MS = 60_000;

/** All findings, the most basic first. Those that make others meaningless end the examination. */
export async function examine(api, now, { sendsTests = true } = {}) {
  let health;
  try {
    health = await api.send("GET", "/healthz");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [finding("error", error.message, error.remedy[0])];
  }
  const told = await health.json().catch(() => undefined);
  if (!["ok", "misconfigured"].includes(told?.status)) {
    return [finding("error", `GET /healthz was answered ${health.status}, and not by a relay`, "Set RELAY to the Worker's own address, without a path; `npm run deploy` prints it.")];
  }
  const findings = [...clock(told, now), ...configuration(told)];
  const closed = await access(await api.send("GET", "/portals?limit=1"));
  if (closed !== undefined) return [...findings, closed];
  findings.push(...await queued(api));
  const strangers = await heldByStrangers(api);
  const ofPortals = await everyPortal(api, now, sendsTests);
  if (ofPortals === undefined && strangers.length === 0) {
    strangers.push(finding("warning", "no portal is registered", "Create an outgoing webhook in Bitrix24 with the handler `/events` of this relay, cause one event, and run this again."));
  }
  return [...findings, ...strangers, ...(ofPortals ?? [])];
}

function clock({ time }, now) {
  const skew = Math.abs(Date.parse(time ?? "") - now);
  if (!(skew > MAX_SKEW_MS)) return [];
  const seconds = Math.round(skew / 1000);
  return [finding("warning", `this machine's clock is ${seconds} s away from the relay's`, "Set the clock by NTP: a receiver on this machine would refuse signatures that are 5 minutes off.")];
}

function configuration({ errors = [] }) {
  const remedy = (variable) => `Mend ${variable} in wrangler.toml, or with \`npx wrangler secret put ${variable}\` where it is a secret, then \`npm run deploy\`.`;
  return errors.map(({ variable, message }) => finding("error", `${variable} should be: ${message}`, remedy(variable)));
}

async function access(response) {
  if (response.ok) return undefined;
  const { code, detail } = await response.json().catch(() => ({}));
  if (code === "unauthorized") return finding("error", "ADMIN_TOKEN is not the relay's", "Use the token that was stored, or store another one: `npx wrangler secret put ADMIN_TOKEN`.");
  if (code === "not_configured") return finding("error", "the relay has no ADMIN_TOKEN", "openssl rand -base64 32 | npx wrangler secret put ADMIN_TOKEN");
  if (code === "not_allowed") return finding("error", "the token is one of READ_TOKENS, which only reads", "Set ADMIN_TOKEN to the operator's token.");
  return finding("error", `the Directory does not answer: ${response.status} ${detail ?? ""}`, "Is DIRECTORY bound in wrangler.toml, with its migration? Then `npm run deploy`. Else look into the Worker's log for `directory unreachable`: npx wrangler tail.");
}

/** What waits in KV, as of the last run of the cron trigger. */
async function queued(api) {
  const answer = await api.send("GET", "/metrics");
  const metrics = answer.ok ? await answer.text() : "";
  const count = (state) => Number(new RegExp(`^bitrix24_relay_events_queued\\{state="${state}"\\} (\\d+)$`, "m").exec(metrics)?.[1] ?? 0);
  const [waiting, unreadable] = [count("waiting"), count("unreadable")];
  const findings = [];
  if (unreadable > 0) findings.push(finding("error", `${unreadable} events that were answered 202 wait in KV, and cannot be read: VAULT_KEY is unset, or has not the key that sealed them`, "Within a week of their receipt, store that key again, the only one or behind the new one and a space: npx wrangler secret put VAULT_KEY. They are logged within five minutes."));
  if (waiting > 0) findings.push(finding("warning", `${waiting} events wait in KV, since their portal's object could not be reached`, "The cron trigger tries every five minutes, for a week. Look into the Worker's log for `spilled events wait`: npx wrangler tail."));
  return findings;
}

async function heldByStrangers(api) {
  const { portals } = await api.json("GET", "/portals?state=unknown&limit=500");
  return portals.map(({ member_id: memberId, held }) => {
    const events = held.reduce((sum, { events }) => sum + events, 0);
    return finding("warning", `${memberId} is not registered, and ${events} of its events are held`, `If it is yours, register its token within 24 hours: ${RUN} add-webhook ${memberId}`);
  });
}

/** What is wrong with the portals; nothing where there are none. */
async function everyPortal(api, now, sendsTests) {
  const findings = [];
  const trials = new Trials(api);
  let count = 0;
  for await (const { member_id: memberId } of allPortals(api)) {
    count += 1;
    const response = await api.send("GET", `/portals/${memberId}`);
    if (!response.ok) {
      findings.push(finding("error", `the object of ${memberId} answered ${response.status}`, "Is PORTALS bound in wrangler.toml, with its migration? Then `npm run deploy`. Else look into the Worker's log for `portal unreachable` or `storage failed`: npx wrangler tail."));
      continue;
    }
    findings.push(...ofPortal(await response.json(), now), ...(sendsTests ? await trials.of(memberId) : []));
  }
  if (sendsTests && trials.left === 0) findings.push(finding("warning", `only ${MAX_TESTS} destinations were sent a test event`, `One by one: ${RUN} destinations test MEMBER_ID NAME`));
  return count === 0 ? undefined : findings;
}
