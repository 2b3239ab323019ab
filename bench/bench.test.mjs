// What the benchmark computes and shows, and that nobody changed what the relay is measured against.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { inRoot } from "../scripts/support/paths.mjs";
import { FLOOR_A, frozen } from "./support/candidates.mjs";
import { draw } from "./support/chart.mjs";
import { number } from "./support/format.mjs";
import { interleaved, median, percentile } from "./support/rounds.mjs";
import { describe } from "./support/runtime.mjs";
import { markdownTable, plainTable } from "./support/tables.mjs";
import { crateOf } from "./support/wasm.mjs";
import { judge } from "./targets.mjs";

test("floors and peers are what they were when they were frozen", () => {
  assert.ok(Object.keys(frozen()).includes("bench/candidates/peer-2.mjs"));
});

test("all run with the compatibility settings that the relay is deployed with", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "relay-bench-"));
  try {
    const configuration = describe(FLOOR_A, {}, directory, directory);
    const [, flags] = /^compatibility_flags = (.+)/m.exec(readFileSync(inRoot("wrangler.toml"), "utf8"));
    assert.equal(configuration.split(`compatibilityFlags = ${flags},`).length - 1, 2, "the candidate's, and the stand-in's for KV");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a median is the middle, a percentile the value below which so many are", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(hundred, 50), 51);
  assert.equal(percentile(hundred, 99), 100);
});

test("each round measures every candidate once, and begins with another one", async () => {
  const measured = [];
  const outcomes = await interleaved(2, [{ name: "a" }, { name: "b" }], async ({ name }) => measured.push(name));
  assert.deepEqual(measured, ["a", "b", "b", "a"]);
  assert.deepEqual(outcomes, [{ a: 1, b: 2 }, { b: 3, a: 4 }]);
});

test("a target is reached at its bound, and missed beyond it", () => {
  assert.equal(judge("overPeer1", 2).isReached, true);
  assert.equal(judge("overPeer1", 1.99).isReached, false);
  assert.equal(judge("filteredRows", 5_000).isReached, true);
  assert.equal(judge("filteredRows", 5_001).isReached, false);
  assert.equal(judge("rowsBurst", Number.NaN).isReached, false);
});

test("a table aligns figures to the right and words to the left", () => {
  const table = { columns: ["who", "rate"], rows: [["relay", "1,000"], ["peer", "–"]] };
  assert.equal(plainTable(table), "   who     rate\n   relay  1,000\n   peer       –");
  assert.equal(markdownTable(table), "| who | rate |\n| --- | --- |\n| relay | 1,000 |\n| peer | – |");
});

test("a figure has as many digits as mean something, and one that is missing is a dash", () => {
  assert.deepEqual([1.0543, 43.21, 1873.2, Number.NaN].map((value) => number(value)), ["1.05", "43.2", "1,873", "–"]);
});

test("the chart has a bar for each value, and tells each in words", () => {
  const chart = draw({ groups: ["1", "32"], series: [{ name: "peer", values: [10, 20] }, { name: "relay", values: [15, 40] }] });
  assert.equal(chart.match(/<title>/g).length, 4);
  assert.match(chart, /relay, 32: 40 events\/s/);
  assert.match(chart, /prefers-color-scheme:dark/);
});

test("code is counted for the crate that wrote it", () => {
  assert.equal(crateOf("serde_json::de::from_str::h0123456789abcdef"), "serde_json");
  assert.equal(crateOf("<alloc::vec::Vec<T> as core::ops::Drop>::drop"), "alloc");
  assert.equal(crateOf("<&mut core::fmt::Formatter as core::fmt::Write>::write_str"), "core");
  assert.equal(crateOf("memcpy"), "other");
});
