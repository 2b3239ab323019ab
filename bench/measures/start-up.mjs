// What a start costs, against the empty worker in Rust.

import { FLOOR_A, FLOOR_B, RELAY } from "../support/candidates.mjs";
import { millis, times } from "../support/format.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Start-up";
export const about =
  "From the start of workerd to the first answer (a GET), and the processor time of all its threads until then. workerd itself is in all of " +
  "them; what the relay's size adds is the difference. Cloudflare allows one second.";

const ROUNDS_MORE = 2;

export async function run({ rounds }) {
  const outcomes = await interleaved(rounds * ROUNDS_MORE, [FLOOR_A, FLOOR_B, RELAY], (candidate) => using(candidate, {}, ({ startUp }) => startUp));
  const median = (name, figure) => over(outcomes, (round) => round[name][figure]);
  const rows = [FLOOR_A, FLOOR_B, RELAY].map(({ name }) => [
    name,
    millis(median(name, "millis")),
    times(over(outcomes, (round) => round[name].millis / round["floor B"].millis)),
    millis(median(name, "cpuMillis")),
    times(over(outcomes, (round) => round[name].cpuMillis / round["floor B"].cpuMillis)),
  ]);
  return { tables: [{ columns: ["candidate", "first answer", "against floor B", "processor time", "against floor B"], rows }], judged: {} };
}
