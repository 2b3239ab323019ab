import assert from "node:assert/strict";
import { test } from "node:test";
import { createArrivals } from "./arrivals.mjs";

test("a delivery that overtakes the answer is shown after the answer, and is found", async () => {
  const shown = [];
  const arrivals = createArrivals(({ id }) => shown.push(`delivery ${id}`));
  const delivery = await arrivals.after(async () => {
    arrivals.add({ id: "a" });
    shown.push("answer a");
    return { id: "a" };
  });
  assert.deepEqual(shown, ["answer a", "delivery a"]);
  assert.equal(delivery.id, "a");
});

test("a delivery that nobody waits for is shown at once", () => {
  const shown = [];
  createArrivals(({ id }) => shown.push(id)).add({ id: "b" });
  assert.deepEqual(shown, ["b"]);
});
