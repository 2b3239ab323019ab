// How long an event takes from the POST to the receiver.

import { RELAY } from "../support/candidates.mjs";
import { millis } from "../support/format.mjs";
import { events, warmUp } from "../support/load.mjs";
import { genuine, genuineBurst } from "../support/portals.mjs";
import { startReceiver } from "../support/receiver.mjs";
import { interleaved, over, percentile } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";
import { connect, pause, until } from "../support/sender.mjs";

export const title = "From POST to receiver";
export const about = "One portal, 100 events a second, each sent at its time whatever became of those before.";

const EVERY_MILLIS = 10;
/** Sends while the relay is still being compiled by the runtime would be measured instead. */
const WARM_UP_PORTAL = 1;

export async function run({ rounds, seconds, warmUpSeconds }) {
  const outcomes = await interleaved(rounds, [RELAY], async (candidate) => {
    const receiver = await startReceiver();
    try {
      return await using(candidate, { variables: receiver.variables }, (worker) => measure(worker, receiver, { seconds, warmUpSeconds }));
    } finally {
      receiver.stop();
    }
  });
  const row = (name, key) => [name, ...["p50", "p99"].map((figure) => millis(over(outcomes, (round) => round.relay[key][figure])))];
  return {
    tables: [{ columns: ["until", "p50", "p99"], rows: [row("the answer", "answered"), row("the receiver has it", "arrived")] }],
    judged: {},
  };
}

async function measure(worker, receiver, { seconds, warmUpSeconds }) {
  // Few connections, so that what waits is delivered soon.
  await warmUp(worker, { requests: events(genuineBurst(1_000, WARM_UP_PORTAL)), connections: 2, seconds: warmUpSeconds });
  const client = connect(worker.url, 16);
  const quiet = { size: -1 };
  await until("the deliveries of the warm-up", 60, async () => {
    quiet.size = receiver.arrivals.size;
    await pause(300);
    return receiver.arrivals.size === quiet.size;
  });
  const count = (seconds * 1000) / EVERY_MILLIS;
  const start = performance.now();
  const sent = Array.from({ length: count }, async (_, index) => {
    await pause(start + index * EVERY_MILLIS - performance.now());
    const at = performance.now();
    const id = await client.post(genuine(0, index));
    return { id, at, answered: performance.now() - at };
  });
  const posted = await Promise.all(sent);
  await until("all deliveries", 60, () => posted.every(({ id }) => receiver.arrivals.has(id)));
  client.close();
  const arrived = posted.map(({ id, at }) => receiver.arrivals.get(id) - at);
  const answered = posted.map((each) => each.answered);
  const figures = (values) => ({ p50: percentile(values, 50), p99: percentile(values, 99) });
  return { answered: figures(answered), arrived: figures(arrived) };
}
