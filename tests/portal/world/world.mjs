// The simulated world: portals, applications, time, chance, and a record of all that happened.

import { createFaults } from "./faults.mjs";
import { createClock } from "./clock.mjs";
import { createRandom } from "./random.mjs";
import { createRecord } from "./record.mjs";
import { createTokens } from "./tokens.mjs";

/** What can be set otherwise, by `settings` of the control API. Where Bitrix24 publishes no number, this is a choice. */
const SETTINGS = {
  /** Requests per second and in hand, per portal and caller. */
  rate_per_second: 2,
  rate_burst: 50,
  /** Seconds for which a refresh token that was used works once more. Bitrix24 promises none. */
  refresh_grace: 0,
  /** Calls that the queue server has under way at once. */
  queue_concurrency: 10,
  /** How long it waits for an answer. */
  queue_timeout_ms: 30_000,
  /** A handler that takes longer, or fails, is called later and later, up to `queue_longest_gap_ms`. */
  queue_slow_ms: 5_000,
  queue_first_gap_ms: 250,
  queue_longest_gap_ms: 60_000,
  /** Headers that are added to every call, such as `cf-connecting-ip`. */
  queue_headers: {},
};

/**
 * A world without portals.
 *
 * - `seed`: makes ids and tokens repeatable
 * - `now`: milliseconds since 1970; makes the clock stand still
 * - `addresses`: `real` (`https://example.bitrix24.com/rest/`, for whoever sends all requests to the simulator) or `local`
 *   (`http://127.0.0.1:<port>/at/example.bitrix24.com/rest/`, which anybody on this machine can call)
 */
export function createWorld({ seed, now, addresses = "real" } = {}) {
  const clock = createClock(now);
  const random = createRandom(seed);
  const world = {
    clock,
    random,
    tokens: createTokens({ clock, random }),
    settings: structuredClone(SETTINGS),
    faults: createFaults(),
    /** Requests that came in. */
    calls: createRecord(clock),
    /** Requests that the queue server, or a browser in its stead, made. */
    deliveries: createRecord(clock),
    /** Pages of applications that are open, by APP_SID. */
    sessions: new Map(),
    portals: [],
    applications: [],
    /** Where a public origin really is: `https://relay.example.com` -> `http://127.0.0.1:8787`. */
    origins: new Map(),
    /** The simulator's own address, once it listens. */
    url: undefined,
    /** Where a host of the simulated world can be reached. */
    address: (host) => (addresses === "local" ? `${world.url}/at/${host}` : `https://${host}`),
    /** The origin as a browser knows it, and whether it is secure: `[host, 1]`. */
    browserHost: (host) => (addresses === "local" ? [world.url.replace("http://", ""), 0] : [host, 1]),
    /** The path that stands before every path of a host. */
    prefix: (host) => (addresses === "local" ? `/at/${host}` : ""),
  };
  return world;
}
