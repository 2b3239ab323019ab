import assert from "node:assert/strict";
import { test } from "node:test";
import { readLatency, together } from "./latency.js";
import { readBack, readStates } from "./log.js";
import { pagesOf } from "./pages.js";
import { readPortals } from "./portal-list.js";
import { whenChanged } from "./refresh.js";
import { parse, portal } from "./router.js";

/** A log of so many events, read as the API reads it. */
const logOf = (head, calls = [], limits = []) => ({
  async get(_, { after, limit }) {
    calls.push(after);
    limits.push(limit);
    const seqs = Array.from({ length: head }, (_, index) => index + 1).filter((seq) => seq > after).slice(0, limit);
    return { events: seqs.map((seq) => ({ seq, state: "delivered", event: { id: `e${seq}`, type: "t", time: "" } })), next: seqs.at(-1) ?? after };
  },
});

test("the log is read backwards in steps, newest first, down to its begin", async () => {
  const filter = { type: "", subject: "" };
  const first = await readBack({ api: logOf(120), memberId: "m", before: 121, filter });
  assert.deepEqual([first.events.length, first.events[0].seq, first.events.at(-1).seq, first.from], [50, 120, 71, 70]);
  const last = await readBack({ api: logOf(120), memberId: "m", before: 21, filter });
  assert.deepEqual([last.events.length, last.events.at(-1).seq, last.from <= 0], [20, 1, true]);
});

test("without a filter no more is asked for than is shown", async () => {
  const limits = [];
  const { events } = await readBack({ api: logOf(9_000, [], limits), memberId: "m", before: 121, filter: { type: "", subject: "" } });
  assert.deepEqual([events.length, limits], [50, [50]]);
});

test("with a filter a step looks at 5,000 events", async () => {
  const calls = [];
  const { from } = await readBack({ api: logOf(9_000, calls), memberId: "m", before: 9_001, filter: { type: "crm.*", subject: "" } });
  assert.deepEqual([from, calls[0], calls.length], [4_000, 4_000, 10]);
});

test("a state is told however far back another event still waits", async () => {
  const calls = [];
  const seqs = [9_000, 1, 8_999, 8_400, 8_501];
  const states = await readStates({ api: logOf(9_000, calls), memberId: "m", seqs, filter: {} });
  assert.deepEqual(seqs.map((seq) => states.get(seq)), Array(5).fill("delivered"));
  assert.deepEqual(calls, [8_500, 0, 8_399]);
});

test("one look at states makes a few calls at most, and begins with whoever stands first", async () => {
  const calls = [];
  await readStates({ api: logOf(9_000, calls), memberId: "m", seqs: [9_000, 1_000, 2_000, 3_000, 4_000, 5_000], filter: {} });
  assert.deepEqual(calls, [8_999, 999, 1_999, 2_999, 3_999]);
});

test("all portals are read in large pages", async () => {
  const cursors = [];
  const api = {
    async get(_, { cursor }) {
      cursors.push(cursor);
      return { portals: Array(500).fill({}), next: cursors.length < 2 ? "m500" : null };
    },
  };
  assert.equal((await readPortals(api)).portals.length, 1_000);
  assert.deepEqual(cursors, [undefined, "m500"]);
});

test("pages are turned forth and back", async () => {
  const pages = pagesOf(async (cursor = "0") => ({ at: cursor, next: cursor === "2" ? null : String(Number(cursor) + 1) }));
  await pages.read();
  assert.deepEqual([(await pages.next()).at, (await pages.next()).at, pages.hasNext()], ["1", "2", false]);
  assert.deepEqual([(await pages.previous()).at, pages.hasPrevious()], ["1", true]);
});

test("latencies of several destinations are one histogram, with its percentiles", () => {
  const both = together([{ le_seconds: [0.1, 1], counts: [6, 1, 0] }, undefined, { le_seconds: [0.1, 1], counts: [0, 2, 1] }]);
  const { total, median, ninetyFifth, bars } = readLatency(both);
  assert.deepEqual([total, median, ninetyFifth, bars.at(-1)], [10, 0.1, undefined, { count: 1, bound: undefined }]);
  assert.equal(together([undefined]), undefined);
});

test("addresses name views", () => {
  assert.deepEqual(parse(""), { view: "portals" });
  assert.deepEqual(parse("#/portals/m1/nowhere"), { view: "portal", memberId: "m1", tab: "overview", id: undefined });
  assert.deepEqual(parse(portal("m1", "events", "01-2")), { view: "portal", memberId: "m1", tab: "events", id: "01-2" });
});

test("what has not changed is not shown again, unless it was covered meanwhile", () => {
  const shown = [];
  const show = whenChanged((value) => shown.push(value.a));
  for (const a of [1, 1, 2]) show({ a });
  show.forget();
  show({ a: 2 });
  assert.deepEqual(shown, [1, 2, 2]);
});
