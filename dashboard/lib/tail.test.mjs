import assert from "node:assert/strict";
import { test } from "node:test";
import { follow, frames } from "./tail.js";

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
