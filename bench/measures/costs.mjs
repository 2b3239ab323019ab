// What an event costs: rows, requests to objects and reads of KV, as the runtime and the stand-in for KV count them.

import { RELAY_COUNTED } from "../support/candidates.mjs";
import { number } from "../support/format.mjs";
import { genuine, genuineBurst, genuineOfMany } from "../support/portals.mjs";
import { startReceiver } from "../support/receiver.mjs";
import { using } from "../support/runtime.mjs";
import { connect, pause, until } from "../support/sender.mjs";
import { perEvent, usage } from "../support/usage.mjs";

export const title = "What an event costs";
export const about =
  "Counted, not timed. Alone: one event for each of 20 portals that were quiet, until the alarm that looks after it has rung. A burst: " +
  "1,000 events of one portal about 1,000 things over 32 connections. Deleting an event later costs one row more.";
export const isTimed = false;

const QUIET_PORTALS = 20;
const BURST = 1_000;
const CONNECTIONS = 32;
/** The alarm that looks after a run comes 20 s later. */
const ALARM_MILLIS = 21_500;
/** A registration is settled after 60 s. */
const SETTLED_MILLIS = 65_000;
const DELIVERED_SECONDS = 300;

/** The quick run leaves out the events that come alone, which take two minutes of waiting; tests/workerd/costs.rs has them as well. */
export async function run({ isQuick }) {
  const [burst, logOnly, alone] = await Promise.all([
    counted(true, (client, receiver, worker) => aBurst(client, receiver, worker)),
    counted(false, (client, _receiver, worker) => aBurst(client, undefined, worker)),
    isQuick ? undefined : counted(true, (client, receiver, worker) => eventsAlone(client, receiver, worker)),
  ]);
  const row = (name, { rowsWritten, requests, rowsRead, kvReads }) => [name, ...[rowsWritten, requests, rowsRead, kvReads].map((count) => number(count, 3))];
  const burstOf = `in a burst of ${number(BURST, 0)}`;
  return {
    tables: [
      {
        columns: ["each event", "rows written", "requests to objects", "rows read", "reads of KV"],
        rows: [...(alone ? [row("alone, delivered", alone)] : []), row(`${burstOf}, delivered`, burst), row(`${burstOf}, log only`, logOnly)],
      },
    ],
    judged: {
      ...(alone ? { rowsAlone: alone.rowsWritten, requestsAlone: alone.requests } : {}),
      rowsBurst: burst.rowsWritten,
      requestsBurst: burst.requests,
      kvReads: burst.kvReads,
    },
  };
}

async function counted(isForwarding, measure) {
  const receiver = await startReceiver();
  try {
    return await using(RELAY_COUNTED, { variables: isForwarding ? receiver.variables : {} }, async (worker) => {
      const client = connect(worker.url, CONNECTIONS);
      try {
        return await measure(client, receiver, worker);
      } finally {
        client.close();
      }
    });
  } finally {
    receiver.stop();
  }
}

const delivered = (receiver, count) => until("all deliveries", DELIVERED_SECONDS, () => receiver.arrivals.size >= count);

async function eventsAlone(client, receiver, worker) {
  const bodies = genuineOfMany(QUIET_PORTALS);
  const sendAll = async (wait) => {
    const count = receiver.arrivals.size + QUIET_PORTALS;
    await client.postAll(bodies);
    await delivered(receiver, count);
    await pause(wait);
  };
  // The first events register the portals; what follows from that is done with the second.
  await sendAll(SETTLED_MILLIS);
  await sendAll(ALARM_MILLIS);
  const [before, readsBefore] = [await usage(client), await worker.kvReads()];
  await sendAll(ALARM_MILLIS);
  const used = perEvent(await usage(client), before, QUIET_PORTALS);
  return { ...used, kvReads: ((await worker.kvReads()) - readsBefore) / QUIET_PORTALS };
}

async function aBurst(client, receiver, worker) {
  await client.post(genuine());
  if (receiver) await delivered(receiver, 1);
  const [before, readsBefore] = [await usage(client), await worker.kvReads()];
  await client.postAll(genuineBurst(BURST));
  if (receiver) {
    await delivered(receiver, BURST + 1);
    await pause(ALARM_MILLIS);
  }
  const used = perEvent(await usage(client), before, BURST);
  return { ...used, kvReads: ((await worker.kvReads()) - readsBefore) / BURST };
}
