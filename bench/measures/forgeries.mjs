// How many forgeries are refused a second: events of a registered portal with tokens that nobody registered.

import { FLOOR_A, FLOOR_B, RELAY } from "../support/candidates.mjs";
import { micros, millis, rate } from "../support/format.mjs";
import { event, events, load, warmUp } from "../support/load.mjs";
import { addresses, forged, genuineBurst } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { usingAll } from "../support/runtime.mjs";

export const title = "Refused forgeries";
export const about =
  "32 connections. Before the limit each forgery is judged by the portal's object and held, since it may be genuine: 50 tokens from 2,000 " +
  "addresses. Once limited it comes from one address. The floors take the same bodies.";

const TOKENS = 50;
const ADDRESSES = 2_000;
const FORBIDDEN = 403;
const LIMITED = 429;

export async function run({ rounds, turns, warmUpSeconds }) {
  const bodies = Array.from({ length: TOKENS }, () => forged());
  const everywhere = addresses(ADDRESSES).map((address, index) => event(bodies[index % TOKENS], address));
  const oneAddress = [event(bodies[0])];
  const [before, limited] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    await usingAll([FLOOR_A, FLOOR_B, RELAY], async ([floorA, floorB, relay]) => {
      for (const worker of [floorA, floorB, relay]) {
        await warmUp(worker, { requests: events(genuineBurst()), connections: 32, seconds: warmUpSeconds });
      }
      const refuses = (requests, statuses) => async (worker) => {
        const setting = worker === relay ? { requests, statuses } : { requests: everywhere };
        return load(worker, { ...setting, connections: 32, seconds: 1 });
      };
      await warmUp(relay, { requests: everywhere, connections: 32, seconds: 1, statuses: [FORBIDDEN] });
      before.push(...(await interleaved(turns, [floorA, relay], refuses(everywhere, [FORBIDDEN]))));
      await warmUp(relay, { requests: oneAddress, connections: 32, seconds: 1, statuses: [FORBIDDEN, LIMITED] });
      limited.push(...(await interleaved(turns, [floorB, relay], refuses(oneAddress, [FORBIDDEN, LIMITED]))));
    });
  }
  const kinds = [
    ["floor A", before, "floor A"],
    ["relay, before the limit", before, "relay"],
    ["floor B", limited, "floor B"],
    ["relay, once limited", limited, "relay"],
  ];
  const rows = kinds.map(([label, outcomes, name]) => {
    const [perSecond, p50, p99, cpu] = ["rate", "p50", "p99", "cpu"].map((figure) => over(outcomes, (turn) => turn[name][figure]));
    return [label, rate(perSecond), millis(p50), millis(p99), micros(cpu)];
  });
  const ratio = (outcomes, floor) => over(outcomes, (turn) => turn.relay.rate / turn[floor].rate);
  return {
    tables: [{ columns: ["candidate", "answers/s", "p50", "p99", "processor time each"], rows }],
    judged: {
      refusedBefore: ratio(before, "floor A"),
      refusedLimited: ratio(limited, "floor B"),
    },
  };
}
