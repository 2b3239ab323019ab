// How fast a backlog is delivered when its destination is back.

import { RELAY } from "../support/candidates.mjs";
import { micros, number, rate } from "../support/format.mjs";
import { genuine, genuineBurst, memberId } from "../support/portals.mjs";
import { cpuMicros } from "../support/process.mjs";
import { startReceiver } from "../support/receiver.mjs";
import { using } from "../support/runtime.mjs";
import { OPERATOR, connect, until } from "../support/sender.mjs";

export const title = "Draining a backlog";
export const about =
  "One portal's destination is paused, 10,000 events of a bulk edit come, and it is let go on. Each format once; up to four requests are " +
  "under way at a time.";

const CONNECTIONS = 32;
const DRAINED_SECONDS = 300;
const FREE = "40";
const PAID = "10000";

const WAYS = [
  { name: "structured", variables: { FORWARD_FORMAT: "structured", DELIVERY_BURST: FREE } },
  { name: "binary", variables: { FORWARD_FORMAT: "binary", DELIVERY_BURST: FREE } },
  { name: "batch", variables: { FORWARD_FORMAT: "batch", DELIVERY_BURST: FREE } },
  { name: "structured", variables: { FORWARD_FORMAT: "structured", DELIVERY_BURST: PAID } },
];

export async function run({ backlog }) {
  const rows = [];
  for (const way of WAYS) {
    const { seconds, cpu, repeated } = await drain(way, backlog);
    rows.push([way.name, number(Number(way.variables.DELIVERY_BURST), 0), number(backlog, 0), rate(backlog / seconds), micros(cpu), number(repeated, 0)]);
  }
  return { tables: [{ columns: ["format", "sends a run", "events", "delivered/s", "processor time each", "repeated"], rows }], judged: {} };
}

async function drain({ variables }, backlog) {
  const receiver = await startReceiver();
  try {
    return await using(RELAY, { variables: { ...OPERATOR, ...receiver.variables, ...variables } }, async (worker) => {
      const client = connect(worker.url, CONNECTIONS);
      await client.post(genuine());
      await until("the first delivery", DRAINED_SECONDS, () => receiver.arrivals.size === 1);
      const destination = `/portals/${memberId(0)}/destinations/default`;
      await client.api("PATCH", destination, { paused: true });
      await client.postAll(genuineBurst(backlog));
      const [start, before] = [performance.now(), cpuMicros(worker.pid)];
      await client.api("PATCH", destination, { paused: false });
      await until("the backlog", DRAINED_SECONDS, () => receiver.arrivals.size >= backlog + 1);
      client.close();
      // The last arrival, not the moment in which it was noticed.
      const last = Math.max(...[...receiver.arrivals.values()].slice(-CONNECTIONS));
      return { seconds: (last - start) / 1000, cpu: (cpuMicros(worker.pid) - before) / backlog, repeated: receiver.repeated() };
    });
  } finally {
    receiver.stop();
  }
}
