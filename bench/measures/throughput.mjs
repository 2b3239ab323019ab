// How many events are accepted a second, and how long the answer takes.

import { ACCEPTING } from "../support/candidates.mjs";
import { micros, millis, rate, times } from "../support/format.mjs";
import { events, load, warmUp } from "../support/load.mjs";
import { genuineBurst, genuineOfMany } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { usingAll } from "../support/runtime.mjs";

export const title = "Accepted events";
export const about = "Log only. Each event is answered when it is durable.";

const PORTALS = 50;
const JUDGED = 32;

export async function run({ rounds, turns, judgedTurns, warmUpSeconds, connections }) {
  const one = events(genuineBurst());
  const many = events(genuineOfMany(PORTALS));
  const settings = [
    ...connections.map((count) => ({ key: `${count}`, label: `${count} connection${count === 1 ? "" : "s"}, one portal`, requests: one, connections: count })),
    { key: "many", label: `${JUDGED} connections, ${PORTALS} portals`, requests: many, connections: JUDGED },
  ];
  const outcomes = Object.fromEntries(settings.map(({ key }) => [key, []]));
  for (let round = 0; round < rounds; round += 1) {
    await usingAll(ACCEPTING, async (workers) => {
      for (const worker of workers) {
        await warmUp(worker, { requests: one, connections: JUDGED, seconds: warmUpSeconds });
        await warmUp(worker, { requests: many, connections: JUDGED, seconds: 1 });
      }
      for (const { key, ...setting } of settings) {
        const count = key === `${JUDGED}` ? judgedTurns : turns;
        outcomes[key].push(...(await interleaved(count, workers, (worker) => load(worker, { ...setting, seconds: 1 }))));
      }
    });
  }
  const median = (name, key, figure) => over(outcomes[key], (turn) => turn[name][figure]);
  const ratio = (name, figure) => over(outcomes[JUDGED], (turn) => turn.relay[figure] / turn[name][figure]);
  const row = ({ name }, key) => {
    const [perSecond, p50, p99, cpu] = ["rate", "p50", "p99", "cpu"].map((figure) => median(name, key, figure));
    const relative = over(outcomes[key], (turn) => turn[name].rate / turn.relay.rate);
    return [name, rate(perSecond), times(relative), millis(p50), millis(p99), micros(cpu)];
  };
  const rows = settings.flatMap(({ key, label }) => ACCEPTING.map((candidate) => [label, ...row(candidate, key)]));
  return {
    tables: [{ columns: ["load", "candidate", "events/s", "of the relay's", "p50", "p99", "processor time each"], rows }],
    judged: {
      overPeer1: ratio("peer 1", "rate"),
      overPeer2: ratio("peer 2", "rate"),
      overFloorA: ratio("floor A", "rate"),
      slowest: ratio("peer 2", "p99"),
    },
    chart: {
      groups: settings.map(({ key }) => (key === "many" ? `${JUDGED}, ${PORTALS} portals` : key)),
      series: ACCEPTING.map(({ name }) => ({ name, values: settings.map(({ key }) => median(name, key, "rate")) })),
    },
  };
}
