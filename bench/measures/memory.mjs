// Whether memory grows with the events that passed.

import { PEER_2, RELAY } from "../support/candidates.mjs";
import { megabytes, number, times } from "../support/format.mjs";
import { events, load } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { residentMegabytes } from "../support/process.mjs";
import { using } from "../support/runtime.mjs";

export const title = "Memory";
export const about =
  "Resident memory of the whole process of workerd, log only, 32 connections. Isolate, object, SQLite's cache and the stand-ins are in it, " +
  "and what the garbage collector has not collected yet.";

export const isTimed = false;

/** After so few events and after so many; how much V8's own heap grows meanwhile is seen in the peer. */
export async function run({ memoryEvents: [few, many] }) {
  const candidates = [RELAY, PEER_2];
  const grown = await Promise.all(candidates.map((candidate) => using(candidate, {}, (worker) => grow(worker, few, many))));
  const row = (name, looks) => [name, ...looks.map(({ resident }) => megabytes(resident)), times(growth(looks))];
  return {
    tables: [
      {
        columns: ["candidate", "at the start", `after ${number(few, 0)} events`, `after ${number(many, 0)}`, "growth between these"],
        rows: candidates.map(({ name }, index) => row(name, grown[index])),
      },
    ],
    judged: { memory: growth(grown[0]) },
  };
}

async function grow(worker, few, many) {
  const requests = events(genuineBurst());
  const looks = [{ resident: residentMegabytes(worker.pid) }];
  let passed = 0;
  for (const count of [few, many]) {
    while (passed < count) passed += (await load(worker, { requests, connections: 32, seconds: 1 })).requests;
    looks.push({ resident: residentMegabytes(worker.pid) });
  }
  return looks;
}

const growth = ([, first, last]) => last.resident / first.resident;
