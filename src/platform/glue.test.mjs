import assert from "node:assert/strict";
import test from "node:test";
import { post } from "./glue.js";

const send = (fetch, millis) => post({ fetch }, "https://destination.example/", "[]", "{}", millis);

test("a delivery that is answered leaves no timer behind, of which an object may have 10,000", async (t) => {
  const running = new Set();
  t.mock.method(globalThis, "setTimeout", (_, millis) => {
    running.add(millis);
    return millis;
  });
  t.mock.method(globalThis, "clearTimeout", (timer) => running.delete(timer));
  const duringFetch = [];
  const answer = await send(async () => {
    duringFetch.push(...running);
    return new Response(null, { status: 204, headers: { "retry-after": "7" } });
  }, 15_000);
  assert.deepEqual([answer, duringFetch, [...running]], ["204\n7", [15_000], []]);
  await assert.rejects(send(() => Promise.reject(new Error("refused")), 15_000));
  assert.deepEqual([...running], []);
});

test("a delivery that is not answered in time is given up", async () => {
  const hanging = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await assert.rejects(send(hanging, 5), { name: "TimeoutError" });
});
