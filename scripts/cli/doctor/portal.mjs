// What is wrong with one portal.

import { RUN, age } from "../words.mjs";
import { finding, remedyOf, statusIn } from "./finding.mjs";

/** A delivery that is due for longer is stuck: the watchdog looks every 5 minutes, and a probe is 5 minutes away at most. */
const STALLED_MS = 900_000;

/** Of a portal, as `GET /portals/{member_id}` tells it. */
export function ofPortal(portal, now) {
  const of = [tokens, record, held, subscriptions].flatMap((look) => look(portal));
  const all = [{ name: "default", delivery: portal.delivery }, ...(portal.destinations ?? [])];
  return [...of, ...all.flatMap((destination) => deliveries(portal.member_id, destination, now))];
}

function tokens({ member_id: memberId, state }) {
  if (state === "active") return [];
  if (state === "installing") return [finding("warning", `${memberId} is being installed: its events are held until ONAPPINSTALL brings their token`, "Wait some minutes; then let an administrator of the portal open the application again.")];
  return [finding("warning", `${memberId} is ${state}: its events are refused`, `Register a token again, if that is wrong: ${RUN} add-webhook ${memberId}`)];
}

function record({ member_id: memberId, record: state }) {
  const key = `install:${memberId}`;
  const again = `Registering a token writes it anew: ${RUN} add-webhook ${memberId}`;
  switch (state) {
    case "missing":
      return [finding("warning", `KV has no record of ${memberId}, although it is registered`, `Within a minute of a registration that is no fault. Later: does the binding INSTALLS of wrangler.toml have the namespace that you look at? ${again}`)];
    case "different":
      return [finding("warning", `KV has other tokens of ${memberId} than its object, which decides`, `Within a minute of a change that is no fault. A record counts until the portal is known, and not afterwards: what was written into ${key} by hand has to be registered. ${again}`)];
    case "unreadable":
      return [finding("error", `the record of ${memberId} in KV cannot be read`, `Is the KV namespace bound as INSTALLS in wrangler.toml, then \`npm run deploy\`? And is it JSON: npx wrangler kv key get --binding INSTALLS ${key} --remote. ${again}`)];
    default:
      return [];
  }
}

function held({ member_id: memberId, held: waiting }) {
  if (waiting.length === 0) return [];
  const hashes = waiting.map(({ sha256, events }) => `${sha256.slice(0, 12)}... (${events})`).join(", ");
  return [finding("warning", `${memberId} sends with tokens that nobody registered: ${hashes}`, `Compare with \`printf %s TOKEN | sha256sum\`, and register yours within 24 hours: ${RUN} add-webhook ${memberId}`)];
}

function subscriptions({ member_id: memberId, application }) {
  // That it is revoked is told of the portal.
  if (application === undefined || application.state === "revoked") return [];
  if (application.advice !== undefined) return [finding("error", `the application of ${memberId} needs attention`, application.advice)];
  const { checked_at: checkedAt, desired, actual, failed, error } = application.subscriptions;
  const again = `Then: ${RUN} sync ${memberId}`;
  if (error) return [finding("error", `the subscriptions of ${memberId} could not be looked at: ${error}`, `It is tried again by itself. At once: ${RUN} sync ${memberId}`)];
  const scopes = [...new Set(failed.map(({ missing_scope: scope }) => scope).filter(Boolean))];
  const names = failed.map(({ event }) => event).join(", ");
  if (scopes.length > 0) return [finding("error", `${memberId} does not send ${names}`, `Give the application the permissions ${scopes.join(", ")} in its settings, or take the events out of B24_EVENTS. ${again}`)];
  if (failed.length > 0) return [finding("error", `${memberId} does not send ${names}: ${failed[0].code}`, `Are these names of events that this portal knows? Mend B24_EVENTS. ${again}`)];
  const bound = new Set(actual.map(({ event }) => event));
  const missing = checkedAt ? desired.filter((event) => !bound.has(event)) : [];
  if (missing.length > 0) return [finding("error", `${memberId} does not send ${missing.join(", ")}, which B24_EVENTS wants`, `${RUN} sync ${memberId}`)];
  return [];
}

function deliveries(memberId, { name, delivery }, now) {
  const at = { name, memberId };
  const { pending, retrying, failed, paused, circuit_open_until: openUntil, last_error: error = "no reason is known", due_since: dueSince } = delivery;
  const findings = [];
  if (failed > 0) findings.push(finding("error", `${failed} events of ${memberId} to ${name} failed for good: ${error}`, `Mend the endpoint, then send them again: ${RUN} replay ${memberId} --state failed${name === "default" ? "" : ` --destination ${name}`}`));
  if (paused !== undefined) {
    findings.push(finding("warning", `${name} of ${memberId} is paused, and ${pending + retrying} events wait: ${paused}`, statusIn(paused) === 410 ? remedyOf(at, 410) : `${RUN} destinations resume ${memberId} ${name}`));
    return findings;
  }
  const waits = now - Date.parse(dueSince ?? "");
  if (openUntil !== undefined) {
    const since = waits > 0 ? `, ${pending + retrying} events wait, the oldest for ${age(waits)}` : "";
    findings.push(finding("error", `${name} of ${memberId} is down${since}: ${error}`, remedyOf(at, statusIn(error), error)));
  } else if (waits > STALLED_MS) {
    findings.push(finding("error", `the oldest event of ${memberId} that ${name} should have is due for ${age(waits)}`, "The watchdog should have seen to it: is the cron trigger of wrangler.toml deployed? `npx wrangler triggers deploy` deploys it."));
  } else if (retrying > 0) {
    findings.push(finding("warning", `${retrying} events of ${memberId} to ${name} failed and are tried again: ${error}`, remedyOf(at, statusIn(error), error)));
  }
  return findings;
}
