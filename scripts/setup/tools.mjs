// Compiles the two build tools that no package registry has as a binary: wasm-bindgen and worker-build.
//
// `worker-build` would download wasm-bindgen, wasm-opt and esbuild when it does not find them, from places and in versions
// that no lock file knows. Here everything is pinned: these two by version and by the lock file inside their crate, the
// others in package-lock.json.

import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { Failure, say, since } from "../support/output.mjs";
import { inRoot, toolsDirectory } from "../support/paths.mjs";
import { compile } from "../support/run.mjs";

/** Goes with `worker` of Cargo.toml: the two are released together. */
const WORKER_BUILD = "0.8.7";

/**
 * Take the places of crates while worker-build is compiled; the text of each says why. Without them set-up takes two minutes
 * more, and needs the headers of OpenSSL.
 */
const STAND_INS = ["ureq", "binary-install", "worker-codegen"];

export async function installTools(env) {
  const tools = [
    // By default it would bring encryption along, for a test runner that is not used.
    { crate: "wasm-bindgen-cli", version: lockedVersion("wasm-bindgen"), binary: "wasm-bindgen", options: ["--no-default-features"] },
    { crate: "worker-build", version: WORKER_BUILD, binary: "worker-build", options: STAND_INS.flatMap(replace) },
  ];
  const missing = tools.filter((tool) => !isInstalled(tool));
  const target = path.join(toolsDirectory, "target");
  for (const tool of missing) await install(tool, target, env);
  // Several hundred megabytes, needed only while compiling.
  if (missing.length > 0) rmSync(target, { recursive: true, force: true });
}

const replace = (crate) => ["--config", `patch.crates-io.${crate}.path=${JSON.stringify(inRoot("scripts", "setup", "stand-ins", crate))}`];

/** wasm-bindgen's command and library must be the same version to the last digit. */
function lockedVersion(crate) {
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  const found = new RegExp(`^name = "${crate}"\nversion = "(.+)"`, "m").exec(lock);
  if (!found) throw new Failure(`Cargo.lock names no ${crate}`, "Restore the file: git checkout Cargo.lock");
  return found[1];
}

/** Cargo keeps its own record of what it installed where. */
function isInstalled({ crate, version, binary }) {
  const record = path.join(toolsDirectory, ".crates.toml");
  if (!existsSync(path.join(toolsDirectory, "bin", binary)) || !existsSync(record)) return false;
  return readFileSync(record, "utf8").includes(`"${crate} ${version} (`);
}

async function install({ crate, version, binary, options }, target, env) {
  const start = Date.now();
  say(`Compiling ${crate} ${version} (once, a minute or two) ...`);
  const args = ["install", "--locked", "--force", `${crate}@${version}`, "--bin", binary, "--root", toolsDirectory, ...options];
  await compile(`${crate} ${version} could not be installed`, "cargo", args, {
    // Tools that are not optimised compile in half the time, and cost a build of this worker 0.3 s. One target directory for
    // both, since they share many crates.
    env: { ...env, CARGO_TARGET_DIR: target, CARGO_PROFILE_RELEASE_OPT_LEVEL: "0", CARGO_PROFILE_RELEASE_LTO: "off" },
    explain: (output) =>
      /failed to download|Could not resolve|Couldn't resolve|failed to get .* from registry|spurious network/i.test(output)
        ? "crates.io cannot be reached. Set-up needs it once; later runs need no network."
        : undefined,
  });
  say(`  done in ${since(start)}`);
}
