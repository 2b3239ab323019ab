// Keeps the shipped worker small: a Worker's start-up time grows with its size.

import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { Failure } from "../support/output.mjs";
import { shippedBuild } from "../support/paths.mjs";

/**
 * The most that the wasm and its JavaScript may weigh together, gzipped, in bytes.
 *
 * Cloudflare allows 3 MB on the free plan. This is far below it, so that start-up stays a matter of milliseconds, and so that
 * a dependency that brings tables along is noticed on the day it comes.
 */
const LIMIT = 695_000;

/** Weighs the shipped build. Fails over the limit; returns the sizes as a line for people. */
export function checkSize() {
  const [wasm, script] = ["index_bg.wasm", "index.js"].map((name) => gzipped(path.join(shippedBuild, name)));
  const line = `${kilobytes(wasm + script)} gzipped (wasm ${kilobytes(wasm)}, JavaScript ${kilobytes(script)}; limit ${kilobytes(LIMIT)})`;
  if (wasm + script <= LIMIT) return line;
  throw new Failure(`the worker is too large: ${line}`, [
    "Find what grew: `cargo tree -e normal --target wasm32-unknown-unknown` and `git diff Cargo.lock`.",
    "The limit stands in scripts/build/size.mjs.",
  ]);
}

const gzipped = (file) => gzipSync(readFileSync(file), { level: 9 }).length;

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
