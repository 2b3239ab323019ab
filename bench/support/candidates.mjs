// What is measured against what. Each is plain workerd with the same bindings; only the modules differ.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inputsOf, isCurrent, stamp } from "../../scripts/build/fingerprint.mjs";
import { Failure, say } from "../../scripts/support/output.mjs";
import { inRoot, root, shippedBuild, toolsDirectory } from "../../scripts/support/paths.mjs";
import { capture } from "../../scripts/support/run.mjs";

const candidate = (name) => inRoot("bench", "candidates", name);
const FLOOR_B_SOURCES = inRoot("bench", "floor-b");
const FLOOR_B_BUILD = inRoot("target", "bench", "floor-b");
/** All that decides its wasm: code, compiler, and the versions of the tools, of which the relay's lock file names one. */
const FLOOR_B_INPUTS = ["bench/floor-b", "rust-toolchain.toml", "Cargo.lock", "package-lock.json", "scripts/setup/tools.mjs", "bench/support/candidates.mjs"];

const LOG = [{ binding: "LOG", className: "Log" }];
const javascript = (entry, ...others) => [entry, ...others].map((name) => ({ name, type: "esModule", file: candidate(name) }));
const rust = (directory) => [
  { name: "index.js", type: "esModule", file: path.join(directory, "index.js") },
  { name: "index_bg.wasm", type: "wasm", file: path.join(directory, "index_bg.wasm") },
];

export const FLOOR_A = { name: "floor A", modules: javascript("floor-a.mjs"), objects: LOG };
export const FLOOR_B = { name: "floor B", modules: rust(FLOOR_B_BUILD), objects: [] };
export const PEER_1 = { name: "peer 1", modules: javascript("peer-1.mjs", "peer-event.mjs", "peer-log.mjs"), objects: LOG };
export const PEER_2 = { name: "peer 2", modules: javascript("peer-2.mjs", "peer-event.mjs", "peer-log.mjs"), objects: LOG };
export const RELAY = {
  name: "relay",
  modules: rust(shippedBuild),
  objects: [
    { binding: "PORTALS", className: "Portal" },
    { binding: "DIRECTORY", className: "Directory" },
  ],
};

/** The relay with the entry of the tests before its own, whose objects count what the platform bills. */
export const RELAY_COUNTED = {
  ...RELAY,
  modules: [{ name: "counting.mjs", type: "esModule", file: inRoot("tests", "workerd", "counting.mjs") }, ...RELAY.modules],
};

/** Those that accept events. */
export const ACCEPTING = [FLOOR_A, PEER_1, PEER_2, RELAY];

/** Builds floor B, unless it is built already; the relay is built by its own command. */
export async function buildFloorB(env) {
  const args = ["--release", "--out-dir", path.relative(FLOOR_B_SOURCES, FLOOR_B_BUILD), "--locked"];
  const inputs = inputsOf(args, FLOOR_B_INPUTS);
  if (isCurrent(FLOOR_B_BUILD, inputs)) return;
  say("Building floor B ...");
  const command = `cd ${JSON.stringify(FLOOR_B_SOURCES)} && "$@"`;
  const own = { ...env, CARGO_TARGET_DIR: inRoot("target", "bench", "cargo") };
  await capture("floor B could not be built", "sh", ["-c", command, "build", path.join(toolsDirectory, "bin", "worker-build"), ...args], own);
  stamp(FLOOR_B_BUILD, inputs);
}

const FROZEN = inRoot("bench", "frozen.json");
const SOURCES = [
  ...["floor-a.mjs", "peer-1.mjs", "peer-2.mjs", "peer-event.mjs", "peer-log.mjs"].map(candidate),
  ...["src/lib.rs", "Cargo.toml", "Cargo.lock"].map((name) => path.join(FLOOR_B_SOURCES, name)),
];

/** What the floors and peers are made of, by file, each with its SHA-256. Fails where one is not what it was when it was frozen. */
export function frozen() {
  const hash = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
  const hashes = Object.fromEntries(SOURCES.map((file) => [path.relative(root, file), hash(file)]));
  const known = JSON.parse(readFileSync(FROZEN, "utf8"));
  const changed = Object.keys(hashes).filter((file) => hashes[file] !== known[file]);
  if (changed.length === 0) return hashes;
  const remedy = "They are what the relay is measured against. Whoever changes one on purpose writes its new hash into bench/frozen.json and measures anew.";
  throw new Failure(`${changed.join(", ")}: not as frozen`, remedy);
}
