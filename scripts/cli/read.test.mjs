// What is read from the API is all of it, on the oldest Node that is promised.

import assert from "node:assert/strict";
import { test } from "node:test";
import { printedBy } from "../support/printed.mjs";
import { portals } from "./read.mjs";

test("all portals are listed, page by page, also by Node 20", async () => {
  // What came after Node 20, of what one would list them with.
  const { fromAsync } = Array;
  Array.fromAsync = undefined;
  const pages = { "/portals?limit=500": { portals: [{ member_id: "m1" }], next: "m1" }, "/portals?limit=500&cursor=m1": { portals: [{ member_id: "m2" }], next: null } };
  try {
    const printed = await printedBy(() => portals({ api: { json: async (_, target) => pages[target] }, options: { json: true } }));
    assert.deepEqual(JSON.parse(printed), [{ member_id: "m1" }, { member_id: "m2" }]);
  } finally {
    Array.fromAsync = fromAsync;
  }
});
