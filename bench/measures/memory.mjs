// Whether memory grows with the events that passed.

import { RELAY } from "../support/candidates.mjs";
import { megabytes, number } from "../support/format.mjs";
import { events, load } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { residentMegabytes } from "../support/process.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Memory";
export const about =
  "Resident memory of the whole process of workerd, log only, 32 connections. Isolate, object, SQLite's cache and the stand-ins are in it, " +
  "and what the garbage collector has not collected yet.";

export const isTimed = false;

export async function run({ memoryEvents: [few, many] }) {
  return using(RELAY, {}, async (worker) => {
    const atStart = residentMegabytes(worker.pid);
    let passed = 0;
    const fill = async (count) => {
      while (passed < count) passed += (await load(worker, { requests: events(genuineBurst()), connections: 32, seconds: 1 })).requests;
      return { events: passed, resident: residentMegabytes(worker.pid) };
    };
    const [first, last] = [await fill(few), await fill(many)];
    const row = ({ events: count, resident }) => [number(count, 0), megabytes(resident)];
    return {
      tables: [{ columns: ["after events", "resident"], rows: [["0", megabytes(atStart)], row(first), row(last)] }],
      judged: { memory: last.resident / first.resident },
    };
  });
}
