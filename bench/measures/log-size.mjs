// Whether a log that has grown large makes the relay slower: answers to events, and pages that are read.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { capture } from "../../scripts/support/run.mjs";
import { inRoot } from "../../scripts/support/paths.mjs";
import { RELAY, RELAY_COUNTED } from "../support/candidates.mjs";
import { millis, number, times } from "../support/format.mjs";
import { event, load, read, warmUp } from "../support/load.mjs";
import { genuine, memberId } from "../support/portals.mjs";
import { over } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";
import { OPERATOR, connect } from "../support/sender.mjs";
import { usage } from "../support/usage.mjs";

export const title = "A log that grows";
export const about =
  "One connection; four portals of one relay, in turn within each round. Pages have 50 events, from random places of the log; an empty " +
  "log has none to read, so pages are compared with a log of 1,000 events.";

/** Warms the relay up, so that the empty log stays as good as empty. */
const WARM_UP_PORTAL = 9;
const PAGES = 200;
const PAGE = 50;

export async function run({ rounds, turns, warmUpSeconds, logSizes, node, env }) {
  const state = mkdtempSync(path.join(tmpdir(), "relay-log-"));
  const sizes = [0, 1_000, ...logSizes];
  try {
    await fill(state, sizes, node, env);
    const outcomes = [];
    for (let round = 0; round < rounds; round += 1) {
      await using(RELAY, { state, variables: OPERATOR }, async (worker) => {
        await warmUp(worker, { requests: [event(genuine(WARM_UP_PORTAL))], connections: 32, seconds: warmUpSeconds });
        await wake(worker, sizes);
        for (let turn = 0; turn < turns; turn += 1) outcomes.push(await measure(worker, sizes, round + turn));
      });
    }
    const filtered = await rowsOfFilteredCall(state, sizes.length - 1);
    const ratio = (figure, size, base) => over(outcomes, (round) => round[size][figure].p50 / round[base][figure].p50);
    const row = (size) => [
      `${number(size, 0)} events`,
      millis(over(outcomes, (round) => round[size].append.p50)),
      millis(over(outcomes, (round) => round[size].append.p99)),
      times(ratio("append", size, 0)),
      ...(size === 0 ? ["–", "–"] : [millis(over(outcomes, (round) => round[size].page.p50)), times(ratio("page", size, 1_000))]),
    ];
    const largest = sizes.at(-1);
    return {
      tables: [
        { columns: ["the log has", "answer to an event, p50", "p99", "against none", "a page, p50", "against 1,000"], rows: sizes.map(row) },
        { columns: ["call", "rows read of the log"], rows: filtered.map(([name, count]) => [`${name}, ${number(largest, 0)} events`, number(count, 0)]) },
      ],
      judged: {
        appendMillion: ratio("append", largest, 0),
        pageMillion: ratio("page", largest, 1_000),
        filteredRows: Math.max(...filtered.map(([, count]) => count)),
      },
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

async function fill(state, sizes, node, env) {
  await using(RELAY, { state, variables: OPERATOR }, async ({ url }) => {
    const client = connect(url);
    for (const [portal] of sizes.entries()) await client.post(genuine(portal));
    client.close();
  });
  // The empty log has the one event that registered the portal.
  const rows = Object.fromEntries(sizes.map((size, portal) => [memberId(portal), Math.max(size, 1)]));
  const script = inRoot("bench", "support", "fill.mjs");
  await capture("the logs could not be filled", node, ["--disable-warning=ExperimentalWarning", script, JSON.stringify({ directory: state, rows })], env);
}

async function measure(worker, sizes, first) {
  const outcome = {};
  for (let turn = 0; turn < sizes.length; turn += 1) {
    const portal = (first + turn) % sizes.length;
    const append = await load(worker, { requests: [event(genuine(portal))], connections: 1, seconds: 1 });
    outcome[sizes[portal]] = { append };
    if (sizes[portal] === 0) continue;
    const places = Array.from({ length: PAGES }, () => Math.floor(Math.random() * (sizes[portal] - PAGE)));
    const requests = places.map((after) => read(`/portals/${memberId(portal)}/events?after=${after}&limit=${PAGE}`, OPERATOR.ADMIN_TOKEN));
    outcome[sizes[portal]].page = await load(worker, { requests, connections: 1, seconds: 1 });
  }
  return outcome;
}

/** Has every object read its log, and every path of the code be called. */
async function wake({ url }, sizes) {
  const client = connect(url);
  for (const [portal] of sizes.entries()) {
    await client.post(genuine(portal));
    for (let call = 0; call < PAGE; call += 1) await client.api("GET", `/portals/${memberId(portal)}/events?limit=${PAGE}`);
  }
  client.close();
}

/** What calls read whose filter nothing fits, which is the worst case, once the object is awake. */
async function rowsOfFilteredCall(state, portal) {
  return using(RELAY_COUNTED, { state, variables: OPERATOR }, async ({ url }) => {
    const client = connect(url);
    const rows = [];
    const events = `/portals/${memberId(portal)}/events`;
    await client.api("GET", `${events}?limit=1`);
    for (const filter of ["type=no.such.type", "subject=nothing"]) {
      const before = await usage(client);
      await client.api("GET", `${events}?${filter}`);
      rows.push([`GET ${filter}`, (await usage(client)).rowsRead - before.rowsRead]);
    }
    client.close();
    return rows;
  });
}
