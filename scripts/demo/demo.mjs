// A simulated portal sends two events, the relay runs in workerd, and a receiver checks what arrives.

import { checkSize } from "../build/size.mjs";
import { Failure, bold, say, since } from "../support/output.mjs";
import { within } from "../support/within.mjs";
import { createArrivals } from "./arrivals.mjs";
import { PORTAL_PORT, RECEIVER_PORT, RELAY_PORT, freePort } from "./ports.mjs";
import { domain, register, send, startPortal } from "./portal.mjs";
import { endLeftOver, refuseSecond } from "./previous.mjs";
import { startReceiver } from "./receiver.mjs";
import { logFile, startRelay } from "./relay.mjs";
import { showDelivery, showPart, showSent, showWhereToLook } from "./screen.mjs";
import { load, save } from "./settings.mjs";

/** What happens on the portal, as in Bitrix24's documentation: a calendar entry is edited, a calendar is added. */
const EVENTS = [
  ["ONCALENDARENTRYUPDATE", "1414"],
  ["ONCALENDARSECTIONADD", "202"],
];

/** The relay sends at once; a retry after a first failure comes after 5 s. */
const DELIVERY_LIMIT_MS = 30_000;

/** Runs until Ctrl-C, or fails. Whatever it started has ended when it returns. */
export async function runDemo({ node, env }) {
  const stopped = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, resolve);
  });
  const parts = [];
  try {
    await Promise.race([demonstrate({ node, env, parts }), stopped.then(() => say("\nStopping ..."))]);
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
  say("Stopped. Nothing is left running.");
}

async function demonstrate({ node, env, parts }) {
  const settings = load();
  refuseSecond(settings);
  endLeftOver(settings);
  say(`\n${bold("bitrix24-edge-relay on this machine")}\n`);
  showPart("worker", checkSize());

  const arrivals = createArrivals(showDelivery);
  const receiver = await startReceiver({ port: await freePort(RECEIVER_PORT), secret: settings.forwardSecret, onDelivery: arrivals.add });
  parts.push(receiver);
  showPart("receiver", receiver.url);

  const relay = await startRelayFor(receiver, settings, { node, env, parts });
  const portal = await startPortal({ port: await freePort(PORTAL_PORT), relay: relay.url });
  parts.push(portal);
  save(settings, { portal: portal.control });
  await register(settings);
  showPart("portal", `${domain}, simulated: ${portal.url}`);

  for (const [event, id] of EVENTS) await sendAndReceive(settings, event, id, arrivals);
  showWhereToLook(settings);

  const lines = await relay.ended;
  throw new Failure("the relay ended by itself", [...lines, `All that it said: ${logFile}`]);
}

async function startRelayFor(receiver, settings, { node, env, parts }) {
  const start = Date.now();
  const variables = [
    ["FORWARD_URL", receiver.url],
    ["FORWARD_SECRET", settings.forwardSecret],
    ["ADMIN_TOKEN", settings.adminToken],
  ];
  const relay = startRelay({ node, env, port: await freePort(RELAY_PORT), variables });
  parts.push(relay);
  save(settings, { relay: relay.url, pid: process.pid, relayPid: relay.pid });
  await relay.ready;
  showPart("relay", `${relay.url}, in workerd, ready after ${since(start)}`);
  return relay;
}

async function sendAndReceive(settings, event, id, arrivals) {
  const delivery = arrivals.after(async () => {
    const answer = await send(settings, event, id);
    showSent(event, id, answer);
    return answer;
  });
  const outcome = await within(DELIVERY_LIMIT_MS, delivery);
  if (outcome === undefined) {
    throw new Failure(`the event did not reach the receiver within ${DELIVERY_LIMIT_MS / 1000} s`, `What the relay said: ${logFile}`);
  }
  if (outcome.problem !== undefined) throw new Failure(`the receiver refused the event: ${outcome.problem}`);
}
