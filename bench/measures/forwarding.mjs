// What forwarding costs the accepting: the same load, with and without a destination.

import { RELAY } from "../support/candidates.mjs";
import { micros, millis, rate } from "../support/format.mjs";
import { events, load, warmUp } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { startReceiver } from "../support/receiver.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Forwarding";
export const about = "Accepted events at 32 connections. The receiver is a process of Node on the same machine, and takes its share of it.";

const LOG_ONLY = { ...RELAY, name: "log only" };
const FORWARDING = { ...RELAY, name: "forwarding" };

export async function run({ rounds, seconds, warmUpSeconds }) {
  const requests = events(genuineBurst());
  const outcomes = await interleaved(rounds, [LOG_ONLY, FORWARDING], async (candidate) => {
    const receiver = await startReceiver();
    try {
      return await using(candidate, { variables: candidate === FORWARDING ? receiver.variables : {} }, async (worker) => {
        await warmUp(worker, { requests, connections: 32, seconds: warmUpSeconds });
        const before = receiver.arrivals.size;
        const figures = await load(worker, { requests, connections: 32, seconds });
        return { ...figures, delivered: (receiver.arrivals.size - before) / figures.seconds };
      });
    } finally {
      receiver.stop();
    }
  });
  const median = (name, figure) => over(outcomes, (round) => round[name][figure]);
  const rows = [LOG_ONLY, FORWARDING].map(({ name }) => [
    name,
    rate(median(name, "rate")),
    millis(median(name, "p50")),
    millis(median(name, "p99")),
    micros(median(name, "cpu")),
    rate(median(name, "delivered")),
  ]);
  return {
    tables: [{ columns: ["relay", "events/s", "p50", "p99", "processor time each", "delivered/s meanwhile"], rows }],
    judged: { forwarding: over(outcomes, (round) => round.forwarding.rate / round["log only"].rate) },
  };
}
