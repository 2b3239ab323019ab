// Tells whether a build is still the one that its inputs would make.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inRoot } from "../support/paths.mjs";

/** All that decides the wasm: code, dependencies, compiler, and the versions of the tools (in the lock files and in tools.mjs). */
const INPUTS = ["src", "docs/openapi.json", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "package-lock.json", "scripts/build/worker.mjs", "scripts/setup/tools.mjs"];

const OUTPUTS = ["index.js", "index_bg.wasm"];

const stampOf = (directory) => path.join(directory, ".fingerprint");

/** One hash over the inputs. Take it before the build: what changes meanwhile then counts as changed. */
export function inputsOf(options, names = INPUTS) {
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const file of names.flatMap((name) => filesUnder(inRoot(name)))) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

/** Whether `directory` holds the outputs that were made of `inputs`, unchanged. */
export function isCurrent(directory, inputs, names = OUTPUTS) {
  const stamp = stampOf(directory);
  const there = [stamp, ...outputsIn(directory, names)].every((file) => existsSync(file));
  return there && readFileSync(stamp, "utf8") === contents(directory, inputs, names);
}

export function stamp(directory, inputs, names = OUTPUTS) {
  writeFileSync(stampOf(directory), contents(directory, inputs, names));
}

function contents(directory, inputs, names) {
  const hash = createHash("sha256");
  for (const file of outputsIn(directory, names)) hash.update(readFileSync(file));
  return `inputs ${inputs}\noutputs ${hash.digest("hex")}\n`;
}

const outputsIn = (directory, names) => names.map((name) => path.join(directory, name));

function filesUnder(start) {
  const entries = (directory) =>
    readdirSync(directory, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => (entry.isDirectory() ? entries(path.join(directory, entry.name)) : [path.join(directory, entry.name)]));
  return path.extname(start) === "" ? entries(start) : [start];
}
