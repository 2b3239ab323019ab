import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "./review.mjs";

test("the review names what is in the Worker, no less and no more", () => {
  const review = "Text with `none`.\n\n| crate | for |\n|---|---|\n| `a-b`, `c` | `d` of it |\n";
  assert.deepEqual(differences(["a-b", "c"], review), []);
  assert.deepEqual(differences(["a-b", "c", "new"], review), ["new: in the Worker, and not reviewed"]);
  assert.deepEqual(differences(["a-b"], review), ["c: reviewed, and not in the Worker any more"]);
});
