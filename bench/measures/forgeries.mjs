// How many forgeries are refused a second: events of a registered portal with tokens that nobody registered.

import { FLOOR_A, FLOOR_B, RELAY } from "../support/candidates.mjs";
import { micros, millis, rate } from "../support/format.mjs";
import { event, events, load, warmUp } from "../support/load.mjs";
import { addresses, forged, genuineBurst } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Refused forgeries";
export const about =
  "32 connections. Before the limit each forgery is judged by the portal's object and held, since it may be genuine: 50 tokens from 2,000 " +
  "addresses. Once limited it comes from one address. The floors take the same bodies.";

const TOKENS = 50;
const ADDRESSES = 2_000;
const FORBIDDEN = 403;
const LIMITED = 429;

export async function run({ rounds, seconds, warmUpSeconds }) {
  const bodies = Array.from({ length: TOKENS }, () => forged());
  const everywhere = addresses(ADDRESSES).map((address, index) => event(bodies[index % TOKENS], address));
  const oneAddress = [event(bodies[0])];
  const outcomes = await interleaved(rounds, [FLOOR_A, FLOOR_B, RELAY], (candidate) =>
    using(candidate, {}, async (worker) => {
      await warmUp(worker, { requests: events(genuineBurst()), connections: 32, seconds: warmUpSeconds });
      if (candidate !== RELAY) return load(worker, { requests: everywhere, connections: 32, seconds });
      await warmUp(worker, { requests: everywhere, connections: 32, seconds: 1, statuses: [FORBIDDEN] });
      const before = await load(worker, { requests: everywhere, connections: 32, seconds, statuses: [FORBIDDEN] });
      await warmUp(worker, { requests: oneAddress, connections: 32, seconds: 1, statuses: [FORBIDDEN, LIMITED] });
      const limited = await load(worker, { requests: oneAddress, connections: 32, seconds, statuses: [FORBIDDEN, LIMITED] });
      return { before, limited };
    }),
  );
  const kinds = [
    ["floor A", (round) => round["floor A"]],
    ["relay, before the limit", (round) => round.relay.before],
    ["floor B", (round) => round["floor B"]],
    ["relay, once limited", (round) => round.relay.limited],
  ];
  const rows = kinds.map(([name, pick]) => {
    const [perSecond, p50, p99, cpu] = ["rate", "p50", "p99", "cpu"].map((figure) => over(outcomes, (round) => pick(round)[figure]));
    return [name, rate(perSecond), millis(p50), millis(p99), micros(cpu)];
  });
  return {
    tables: [{ columns: ["candidate", "answers/s", "p50", "p99", "processor time each"], rows }],
    judged: {
      refusedBefore: over(outcomes, (round) => round.relay.before.rate / round["floor A"].rate),
      refusedLimited: over(outcomes, (round) => round.relay.limited.rate / round["floor B"].rate),
    },
  };
}
