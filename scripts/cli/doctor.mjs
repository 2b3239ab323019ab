// `doctor`: looks at a relay from outside, and tells what is wrong, each with what to do about it.

import { Failure, bold, green, red, say } from "../support/output.mjs";
import { allPortals } from "./read.mjs";

/** Clocks that differ by more make receivers refuse signatures: Standard Webhooks allows 5 minutes. */
const MAX_SKEW_MS = 60_000;
/** A report that is older although events wait means that the portal's object does not run. */
const MAX_SILENCE_MS = 2 * 3_600_000;

/** What is wrong: `severity` is `error` or `warning`. */
const finding = (severity, what, remedy) => ({ severity, what, remedy });

export async function doctor({ api, options }) {
  const findings = await examine(api, Date.now());
  if (options.json) say(JSON.stringify({ findings }));
  else report(findings);
  if (findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

/** All findings, the most basic first. Those that make others meaningless end the examination. */
export async function examine(api, now) {
  let health;
  try {
    health = await api.send("GET", "/healthz");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [finding("error", error.message, error.remedy[0])];
  }
  const findings = [...clock(health, now), ...(await configuration(health))];
  if (findings.some(({ fatal }) => fatal)) return findings;
  const listed = await api.send("GET", "/portals?limit=1");
  const closed = await access(listed);
  if (closed !== undefined) return [...findings, closed];
  return [...findings, ...(await heldByStrangers(api)), ...(await ofPortals(api, now))];
}

function clock(response, now) {
  const theirs = Date.parse(response.headers.get("date") ?? "");
  const skew = Math.abs(theirs - now);
  if (!(skew > MAX_SKEW_MS)) return [];
  const seconds = Math.round(skew / 1000);
  return [finding("warning", `this machine's clock is ${seconds} s away from the relay's`, "Set the clock by NTP: a receiver on this machine would refuse signatures that are 5 minutes off.")];
}

async function configuration(response) {
  const body = await response.json().catch(() => undefined);
  if (body?.status === undefined) {
    return [{ ...finding("error", `GET /healthz was answered ${response.status}, and not by a relay`, "Set RELAY to the Worker's own address, without a path; `npm run deploy` prints it."), fatal: true }];
  }
  const remedy = (variable) => `Mend ${variable} in wrangler.toml, or with \`npx wrangler secret put ${variable}\` where it is a secret, then \`npm run deploy\`.`;
  return (body.errors ?? []).map(({ variable, message }) => finding("error", `${variable} should be: ${message}`, remedy(variable)));
}

async function access(response) {
  if (response.ok) return undefined;
  const { code, detail } = await response.json().catch(() => ({}));
  if (code === "unauthorized") return finding("error", "ADMIN_TOKEN is not the relay's", "Use the token that was stored, or store another one: `npx wrangler secret put ADMIN_TOKEN`.");
  if (code === "not_configured") return finding("error", "the relay has no ADMIN_TOKEN", "openssl rand -base64 32 | npx wrangler secret put ADMIN_TOKEN");
  if (code === "not_allowed") return finding("error", "the token is one of READ_TOKENS, which only reads", "Set ADMIN_TOKEN to the operator's token.");
  return finding("error", `the Directory does not answer: ${response.status} ${detail ?? ""}`, "Look into the Worker's log for `directory unreachable`; see docs/OPERATIONS.md.");
}

async function heldByStrangers(api) {
  const { portals } = await api.json("GET", "/portals?state=unknown&limit=500");
  return portals.map(({ member_id: memberId, held }) => {
    const events = held.reduce((sum, { events }) => sum + events, 0);
    return finding("warning", `${memberId} is not registered, and ${events} of its events are held`, `If it is yours, register its token within 24 hours: npm run relay -- add-webhook ${memberId}`);
  });
}

async function ofPortals(api, now) {
  const findings = [];
  let count = 0;
  for await (const { member_id: memberId } of allPortals(api)) {
    count += 1;
    const response = await api.send("GET", `/portals/${memberId}`);
    if (!response.ok) {
      findings.push(finding("error", `the object of ${memberId} answered ${response.status}`, "Look into the Worker's log for `portal unreachable` or `storage failed`."));
      continue;
    }
    findings.push(...ofPortal(await response.json(), now));
  }
  if (count === 0 && findings.length === 0) {
    return [finding("warning", "no portal is registered", "Create an outgoing webhook in Bitrix24 with the handler `/events` of this relay, cause one event, and run this again.")];
  }
  return findings;
}

function ofPortal(portal, now) {
  const { member_id: memberId, delivery, held, state, application } = portal;
  const findings = [];
  if (state !== "active") findings.push(finding("warning", `${memberId} is ${state}: its events are refused`, `Register a token again, if that is wrong: npm run relay -- add-webhook ${memberId}`));
  if (held.length > 0) {
    const hashes = held.map(({ sha256, events }) => `${sha256.slice(0, 12)}... (${events})`).join(", ");
    findings.push(finding("warning", `${memberId} sends with tokens that nobody registered: ${hashes}`, `Compare with \`printf %s TOKEN | sha256sum\`, and register yours: npm run relay -- add-webhook ${memberId}`));
  }
  if (delivery.circuit_open_until !== undefined) findings.push(finding("error", `the destination of ${memberId} is down: ${delivery.last_error ?? "no reason is known"}`, "Mend the endpoint. Events wait, and go on by themselves."));
  else if (delivery.retrying > 0) findings.push(finding("warning", `${delivery.retrying} events of ${memberId} failed and are tried again: ${delivery.last_error ?? ""}`, "Look at what the endpoint answers."));
  if (delivery.failed > 0) findings.push(finding("error", `${delivery.failed} events of ${memberId} failed for good: ${delivery.last_error ?? ""}`, "Mend the endpoint, then send them again."));
  const due = Date.parse(delivery.next_attempt_at ?? "");
  if (delivery.pending > 0 && now - due > MAX_SILENCE_MS) findings.push(finding("error", `${memberId} should have sent since ${delivery.next_attempt_at}`, "The watchdog should have noticed: is the cron trigger of wrangler.toml deployed?"));
  if (application?.advice !== undefined) findings.push(finding("error", `the application of ${memberId} needs attention`, application.advice));
  return findings;
}

function report(findings) {
  if (findings.length === 0) return say(green("Nothing is wrong."));
  for (const { severity, what, remedy } of findings) {
    say(`${severity === "error" ? red(bold("error  ")) : bold("warning")}  ${what}`);
    say(`         ${remedy}`);
  }
}
