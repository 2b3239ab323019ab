// How large the worker is that is uploaded, and what is in it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, forTests } from "../../scripts/build/worker.mjs";
import { shippedBuild, testBuild } from "../../scripts/support/paths.mjs";
import { kilobytes, percent } from "../support/format.mjs";
import { crateOf, inspect } from "../support/wasm.mjs";

export const title = "Size";
export const about =
  "Gzipped at level 9. What code is of which crate is read from the build before wasm-opt, which still has the names; generic code counts " +
  "for the crate that wrote it.";
export const isTimed = false;

const WASM = "index_bg.wasm";
const CRATES_SHOWN = 12;

export async function run({ env }) {
  await build(forTests, env);
  const [wasm, script] = [WASM, "index.js"].map((name) => weigh(path.join(shippedBuild, name)));
  const { sections } = inspect(path.join(shippedBuild, WASM));
  const whole = { bytes: wasm.bytes + script.bytes, gzipped: wasm.gzipped + script.gzipped };
  const row = (name, { bytes, gzipped }) => [name, kilobytes(bytes), kilobytes(gzipped)];
  return {
    tables: [
      { columns: ["file", "bytes", "gzipped"], rows: [row("wasm", wasm), row("JavaScript", script), row("both", whole)] },
      { columns: ["section of the wasm", "bytes"], rows: largest(Object.entries(sections), 5).map(([name, bytes]) => [name, kilobytes(bytes)]) },
      { columns: ["crate", "code", "of all code"], rows: byCrate() },
    ],
    judged: { size: whole.gzipped / 1000 },
  };
}

function weigh(file) {
  const bytes = readFileSync(file);
  return { bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

const largest = (entries, count) => [...entries].sort(([, one], [, other]) => other - one).slice(0, count);

function byCrate() {
  const { functions } = inspect(path.join(testBuild, WASM));
  const crates = new Map();
  for (const { name, bytes } of functions) crates.set(crateOf(name), (crates.get(crateOf(name)) ?? 0) + bytes);
  const all = functions.reduce((sum, { bytes }) => sum + bytes, 0);
  return largest(crates, CRATES_SHOWN).map(([crate, bytes]) => [crate, kilobytes(bytes), percent(bytes / all)]);
}
