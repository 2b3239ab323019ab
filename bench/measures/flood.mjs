// What is left to a genuine portal while somebody floods the relay with forgeries for it.

import { RELAY } from "../support/candidates.mjs";
import { millis, rate } from "../support/format.mjs";
import { event, load, warmUp } from "../support/load.mjs";
import { forged, genuine } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";

export const title = "A genuine portal beside a flood";
export const about =
  "The genuine portal sends over 8 connections as fast as it is answered. The flood is some 1,000 forgeries a second for the same portal " +
  "from one address: 600 times what the limiter lets through. On one thread and one machine it takes its share of both; Cloudflare would " +
  "spread it over isolates.";

const FLOOD_CONNECTIONS = 20;
/** 20 connections that each send one every 20 ms come to some 1,000 a second. */
const FLOOD_PAUSE_MILLIS = 20;

export async function run({ rounds, seconds, warmUpSeconds }) {
  const requests = [event(genuine(), "192.0.2.2")];
  const flood = { requests: [event(forged())], connections: FLOOD_CONNECTIONS, statuses: [403, 429] };
  const outcomes = await interleaved(rounds, [RELAY], (candidate) =>
    using(candidate, {}, async (worker) => {
      const send = (duration) => load(worker, { requests, connections: 8, seconds: duration });
      await warmUp(worker, { requests, connections: 8, seconds: warmUpSeconds });
      await warmUp(worker, { ...flood, seconds: 1 });
      const alone = await send(seconds);
      // The flood starts first and ends last.
      const flooding = load(worker, { ...flood, pauseMillis: FLOOD_PAUSE_MILLIS, seconds: seconds + 2 });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const [beside, flooded] = await Promise.all([send(seconds), flooding]);
      return { alone, beside, flood: flooded };
    }),
  );
  const median = (key, figure) => over(outcomes, (round) => round.relay[key][figure]);
  const row = (name, key) => [name, rate(median(key, "rate")), millis(median(key, "p50")), millis(median(key, "p99"))];
  const rows = [row("genuine, alone", "alone"), row("genuine, beside the flood", "beside"), row("the flood", "flood")];
  return {
    tables: [{ columns: ["who", "answers/s", "p50", "p99"], rows }],
    judged: { besideFlood: over(outcomes, (round) => round.relay.beside.rate / round.relay.alone.rate) },
  };
}
