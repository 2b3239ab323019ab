import assert from "node:assert/strict";
import { test } from "node:test";
import { FakePage } from "./fake-page.mjs";
import { follow, frames } from "./tail.js";

const page = (globalThis.document = new FakePage());

const stream = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

test("frames are read however they are cut", async () => {
  const read = [];
  for await (const frame of frames(stream('id: 1\nda', 'ta: {"seq":1}\n', "\n: alive\n\nid: 5\n\n"))) read.push(frame);
  assert.deepEqual(read, [{ id: "1", data: '{"seq":1}' }, {}, { id: "5" }]);
});

test("after a break it goes on behind the last place, also where a filter left events out", async () => {
  const ending = new AbortController();
  const asked = [];
  const bodies = [stream('id: 1\ndata: {"seq":1}\n\nid: 7\n\n'), stream('id: 8\ndata: {"seq":8}\n\n')];
  const got = [];
  const api = {
    async tail(_, { after }) {
      asked.push(after);
      const body = bodies.shift();
      if (body === undefined) ending.abort();
      return { body: body ?? stream() };
    },
  };
  await follow({ api, memberId: "m", query: {}, after: 0, signal: ending.signal, onEvent: ({ seq }) => got.push(seq), onState: () => undefined });
  assert.deepEqual([asked, got], [[0, 7, 8], [1, 8]]);
});

test("nothing is followed while the page is hidden, and nothing is missed when it is seen again", async (t) => {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const asked = [];
  const got = [];
  let come;
  const next = () => new Promise((resolve) => (come = resolve));
  const api = {
    async tail(_, { after }, signal) {
      asked.push(after);
      const seq = after + 1;
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`id: ${seq}\ndata: {"seq":${seq}}\n\n`));
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      return { body };
    },
  };
  const onEvent = ({ seq }) => (got.push(seq), come());
  let event = next();
  const following = follow({ api, memberId: "m", query: {}, after: 0, signal: ending.signal, onEvent, onState: () => undefined });
  await event;
  page.turn(true);
  // Longer than the pause before it is opened again.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.deepEqual([asked, got], [[0], [1]], "while it is hidden");
  event = next();
  page.turn(false);
  await event;
  ending.abort();
  await following;
  assert.deepEqual([asked, got], [[0, 1], [1, 2]]);
});
