// How long the answer takes where all candidates get the same load, and none of them is at its limit.

import { ACCEPTING } from "../support/candidates.mjs";
import { micros, millis, rate, times } from "../support/format.mjs";
import { events, load, warmUp } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { usingAll } from "../support/runtime.mjs";

export const title = "At the same pace";
export const about =
  "Accepting, log only: 32 connections, each of which rests for 20 ms after an answer. Some 1,200 events a second, half of what the slowest " +
  "candidate can take.";

const PAUSE_MILLIS = 20;

export async function run({ rounds, seconds, warmUpSeconds }) {
  const setting = { requests: events(genuineBurst()), connections: 32 };
  const turns = await usingAll(ACCEPTING, async (workers) => {
    for (const worker of workers) await warmUp(worker, { ...setting, seconds: warmUpSeconds });
    return interleaved(rounds, workers, (worker) => load(worker, { ...setting, pauseMillis: PAUSE_MILLIS, seconds }));
  });
  const rows = ACCEPTING.map(({ name }) => {
    const [perSecond, p50, p99, cpu] = ["rate", "p50", "p99", "cpu"].map((figure) => over(turns, (turn) => turn[name][figure]));
    const relative = over(turns, (turn) => turn[name].p99 / turn.relay.p99);
    return [name, rate(perSecond), millis(p50), millis(p99), times(relative), micros(cpu)];
  });
  return { tables: [{ columns: ["candidate", "events/s", "p50", "p99", "of the relay's", "processor time each"], rows }], judged: {} };
}
