// What is left to a genuine portal while somebody floods the relay with forgeries for it.

import { RELAY } from "../support/candidates.mjs";
import { millis, rate } from "../support/format.mjs";
import { event, load, warmUp } from "../support/load.mjs";
import { forged, genuine } from "../support/portals.mjs";
import { over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";
import { pause } from "../support/sender.mjs";

export const title = "A genuine portal beside a flood";
export const about =
  "The genuine portal sends over 8 connections as fast as it is answered, in turns of a second: alone, and beside the flood. The flood is " +
  "some 1,000 forgeries a second for the same portal from one address: 600 times what the limiter lets through. On one thread and one " +
  "machine it takes its share of both; Cloudflare would spread it over isolates.";

const CONNECTIONS = 8;
const FLOOD_CONNECTIONS = 20;
/** 20 connections that each send one every 20 ms come to some 1,000 a second. */
const FLOOD_PAUSE_MILLIS = 20;
/** The flood starts so much earlier than the portal, and ends later. */
const FLOOD_LEAD_MILLIS = 500;

export async function run({ rounds, judgedTurns, warmUpSeconds }) {
  const requests = [event(genuine(), "192.0.2.2")];
  const flood = { requests: [event(forged())], connections: FLOOD_CONNECTIONS, statuses: [403, 429] };
  const outcomes = [];
  for (let round = 0; round < rounds; round += 1) {
    await using(RELAY, {}, async (worker) => {
      const send = () => load(worker, { requests, connections: CONNECTIONS, seconds: 1 });
      await warmUp(worker, { requests, connections: CONNECTIONS, seconds: warmUpSeconds });
      await warmUp(worker, { ...flood, seconds: 1 });
      for (let turn = 0; turn < judgedTurns; turn += 1) {
        const alone = await send();
        const flooding = load(worker, { ...flood, pauseMillis: FLOOD_PAUSE_MILLIS, seconds: 2 });
        await pause(FLOOD_LEAD_MILLIS);
        const [beside, flooded] = await Promise.all([send(), flooding]);
        outcomes.push({ alone, beside, flood: flooded });
      }
    });
  }
  const median = (key, figure) => over(outcomes, (turn) => turn[key][figure]);
  const row = (name, key) => [name, rate(median(key, "rate")), millis(median(key, "p50")), millis(median(key, "p99"))];
  const rows = [row("genuine, alone", "alone"), row("genuine, beside the flood", "beside"), row("the flood", "flood")];
  return {
    tables: [{ columns: ["who", "answers/s", "p50", "p99"], rows }],
    judged: { besideFlood: over(outcomes, ({ alone, beside }) => beside.rate / alone.rate) },
  };
}
