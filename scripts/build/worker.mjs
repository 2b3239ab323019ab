// Builds the worker with worker-build, unless it is built already.

import { renameSync, rmSync } from "node:fs";
import path from "node:path";
import { say, since } from "../support/output.mjs";
import { inRoot, root, shippedBuild, testBuild, toolsDirectory } from "../support/paths.mjs";
import { capture, compile } from "../support/run.mjs";
import { buildDashboard } from "./dashboard.mjs";
import { inputsOf, isCurrent, stamp } from "./fingerprint.mjs";

// Both are compiled by cargo in the same way, so the second one to be built costs no compiling.
export const shipped = { name: "the worker", directory: shippedBuild, options: ["--release"] };
export const forTests = { name: "the worker for the tests", directory: testBuild, options: ["--release", "--no-opt"] };

/**
 * Takes the names of functions out, a tenth of the download. worker-build keeps them; cargo's own `strip` would take what
 * wasm-bindgen needs. A panic still tells its message and its place in the code.
 */
async function stripNames(directory, env) {
  const wasm = path.join(directory, "index_bg.wasm");
  await capture("the names could not be taken out of the worker", env.WASM_OPT_BIN, ["--strip-debug", "--all-features", wasm, "-o", wasm], env);
}

/** Puts the entry of `src/platform` before worker-build's own: both become one script. */
async function bundleEntry(directory) {
  const [script, inner] = ["index.js", "worker-build.js"].map((name) => path.join(directory, name));
  renameSync(script, inner);
  // Installed by set-up, which comes before.
  const { build: bundle } = await import("esbuild");
  await bundle({
    entryPoints: [inRoot("src", "platform", "entry.js")],
    outfile: script,
    alias: { "worker-build": inner },
    external: ["./index_bg.wasm", "cloudflare:workers"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    logLevel: "warning",
  });
  rmSync(inner);
}

/** Builds one of the two above, and the dashboard, with the environment of `setUp`. Says nothing where nothing is to be done. */
export async function build(worker, env) {
  await buildWorker(worker, env);
  await buildDashboard();
}

async function buildWorker({ name, directory, options }, env) {
  const inputs = inputsOf(options);
  if (isCurrent(directory, inputs)) return;
  const start = Date.now();
  say(`Building ${name} (about a minute the first time, then some seconds) ...`);
  // worker-build takes the output directory relative to the crate, and everything after an unknown option for cargo.
  const args = [...options, "--out-dir", path.relative(root, directory), "--locked"];
  await compile(`${name} could not be built`, path.join(toolsDirectory, "bin", "worker-build"), args, {
    // worker-build's own call stack says nothing about an error in this crate. And a request runs to its end though its client is
    // gone: it may be calling for others.
    env: { ...env, RUST_BACKTRACE: "0", RUN_TO_COMPLETION: "1" },
  });
  await bundleEntry(directory);
  if (!options.includes("--no-opt")) await stripNames(directory, env);
  stamp(directory, inputs);
  say(`  done in ${since(start)}`);
}
