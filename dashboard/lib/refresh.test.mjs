import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePage } from "./fake-page.mjs";
import { repeat } from "./refresh.js";

const page = (globalThis.document = new FakePage());

/** Long enough for some looks that are a millisecond apart. */
const someLooks = () => new Promise((resolve) => setTimeout(resolve, 30));

test("nothing is read again while the page is hidden, and at once when it is seen again", async (t) => {
  const ending = new AbortController();
  t.after(() => ending.abort());
  let reads = 0;
  repeat(0.001, ending.signal, async () => void (reads += 1));
  await someLooks();
  assert.ok(reads > 1);
  page.turn(true);
  await someLooks();
  const before = reads;
  await someLooks();
  assert.equal(reads, before);
  page.turn(false);
  assert.equal(reads, before + 1);
});

test("what is over is not read again, until somebody asks", async (t) => {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const left = [true, true, false, false];
  const read = repeat(0.001, ending.signal, async () => left.shift());
  await someLooks();
  assert.equal(left.length, 1);
  await read();
  assert.equal(left.length, 0);
});

test("who asks during a reading gets what comes behind it", async (t) => {
  const ending = new AbortController();
  t.after(() => ending.abort());
  let reads = 0;
  const read = repeat(60, ending.signal, async () => void (reads += 1));
  read();
  await someLooks();
  assert.equal(reads, 2);
});
