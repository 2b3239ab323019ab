// What is measured against what. Each is plain workerd with the same bindings; only the modules differ.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { inRoot, root, shippedBuild, toolsDirectory } from "../../scripts/support/paths.mjs";
import { capture } from "../../scripts/support/run.mjs";

const candidate = (name) => inRoot("bench", "candidates", name);
const FLOOR_B = inRoot("bench", "floor-b");
const FLOOR_B_BUILD = inRoot("target", "bench", "floor-b");

const LOG = [{ binding: "LOG", className: "Log" }];
const javascript = (entry, ...others) => [entry, ...others].map((name) => ({ name, type: "esModule", file: candidate(name) }));
const rust = (directory) => [
  { name: "index.js", type: "esModule", file: path.join(directory, "index.js") },
  { name: "index_bg.wasm", type: "wasm", file: path.join(directory, "index_bg.wasm") },
];

export const FLOOR_A = { name: "floor A", modules: javascript("floor-a.mjs"), objects: LOG };
export const FLOOR_B_EMPTY = { name: "floor B", modules: rust(FLOOR_B_BUILD), objects: [] };
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

export const ALL = [FLOOR_A, FLOOR_B_EMPTY, PEER_1, PEER_2, RELAY];

/** Builds floor B; the relay is built by its own command. */
export async function buildFloorB(env) {
  if (existsSync(path.join(FLOOR_B_BUILD, "index_bg.wasm"))) return;
  const args = ["--release", "--out-dir", path.relative(FLOOR_B, FLOOR_B_BUILD), "--locked"];
  const command = `cd ${JSON.stringify(FLOOR_B)} && "$@"`;
  const own = { ...env, CARGO_TARGET_DIR: inRoot("target", "bench", "cargo") };
  await capture("floor B could not be built", "sh", ["-c", command, "build", path.join(toolsDirectory, "bin", "worker-build"), ...args], own);
}

/** What the floors and peers are made of, so that a result tells whether they were changed. */
export function frozen() {
  const files = ["floor-a.mjs", "peer-1.mjs", "peer-2.mjs", "peer-event.mjs", "peer-log.mjs"].map(candidate);
  const sources = [...files, path.join(FLOOR_B, "src", "lib.rs"), path.join(FLOOR_B, "Cargo.lock")];
  return sources.map((file) => [path.relative(root, file), createHash("sha256").update(readFileSync(file)).digest("hex")]);
}
