// What the garbage collector takes: it stops the thread, and with it every answer.

import { FLOOR_B, PEER_2, RELAY } from "../support/candidates.mjs";
import { micros, millis, number, percent } from "../support/format.mjs";
import { events, load, warmUp } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { median } from "../support/rounds.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Garbage";
export const about =
  "Collections of V8, as its `--trace-gc` tells them, at 32 connections. A full one stops all answers; what it takes is mostly what the " +
  "runtime made for each request. Each candidate once.";

/** `[4711:0x0]  1234 ms: Mark-Compact 40.2 (82.2) -> 1.8 (67.0) MB, pooled: 15.0 MB, 136.23 / 0.00 ms ...` */
const COLLECTION = / ms: (Scavenge|Mark-Compact) .*? MB, ([\d.]+) \/ /g;
/** As many seconds as it takes for some full ones. */
const SECONDS_EACH = 4;

export async function run({ seconds, warmUpSeconds }) {
  // What V8 tells is read through GNU's stdbuf.
  if (process.platform !== "linux") return { tables: [], judged: {} };
  const rows = [];
  for (const candidate of [FLOOR_B, PEER_2, RELAY]) {
    rows.push(await using(candidate, { isTraced: true }, (worker) => collections(worker, { seconds: seconds * SECONDS_EACH, warmUpSeconds })));
  }
  return { tables: [{ columns: ["candidate", "requests between full ones", "a full one stops for", "for each request", "all collections"], rows }], judged: {} };
}

async function collections(worker, { seconds, warmUpSeconds }) {
  const setting = { requests: events(genuineBurst()), connections: 32 };
  await warmUp(worker, { ...setting, seconds: warmUpSeconds });
  const before = worker.written().length;
  const told = await load(worker, { ...setting, seconds });
  const pauses = { Scavenge: [], "Mark-Compact": [] };
  for (const [, kind, pause] of worker.written().slice(before).matchAll(COLLECTION)) pauses[kind].push(Number(pause));
  const full = pauses["Mark-Compact"];
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return [
    worker.name,
    number(told.requests / full.length, 0),
    millis(median(full)),
    micros((sum(full) * 1000) / told.requests),
    percent((sum(full) + sum(pauses.Scavenge)) / (told.seconds * 1000)),
  ];
}
