// Builds the worker with worker-build and wasm-opt, unless it is built already.

import { copyFileSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { say, since } from "../support/output.mjs";
import { inRoot, root, shippedBuild, testBuild, toolsDirectory } from "../support/paths.mjs";
import { capture, compile } from "../support/run.mjs";
import { buildDashboard } from "./dashboard.mjs";
import { inputsOf, isCurrent, stamp } from "./fingerprint.mjs";

/** The code as it was compiled, with the names of its functions. */
export const forTests = { name: "the worker for the tests", directory: testBuild, make: compileWorker };
/** The same, made smaller. */
export const shipped = { name: "the worker", directory: shippedBuild, make: shrinkWorker };

const COMPILING = ["--release", "--no-opt"];
/**
 * What wasm-opt does: it leaves out what nobody calls or passes, and the names of functions, which are a tenth of the download. (cargo's own
 * `strip` would take what wasm-bindgen needs. A panic still tells its message and its place in the code.) More of it, as with `-O`, saves 3 %
 * before compression and costs 10 % after it: inlined code is repeated less alike. No event is faster for that.
 *
 * In the order of their names, what a generic function became for each type stands side by side, and compresses by 5 % more than in the
 * order of use.
 */
const SHRINKING = [
  "--strip-debug",
  "--duplicate-function-elimination",
  "--dae-optimizing",
  "-O1",
  "--rse",
  "--vacuum",
  "--reorder-locals",
  "--reorder-functions-by-name",
  "--all-features",
];

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

async function buildWorker({ name, directory, make }, env) {
  const inputs = inputsOf([COMPILING, SHRINKING]);
  if (isCurrent(directory, inputs)) return;
  const start = Date.now();
  say(`Building ${name} (some minutes the first time) ...`);
  await make(directory, env);
  stamp(directory, inputs);
  say(`  done in ${since(start)}`);
}

async function compileWorker(directory, env) {
  // worker-build takes the output directory relative to the crate, and everything after an unknown option for cargo.
  const args = [...COMPILING, "--out-dir", path.relative(root, directory), "--locked"];
  await compile("the worker could not be built", path.join(toolsDirectory, "bin", "worker-build"), args, {
    // worker-build's own call stack says nothing about an error in this crate. And a request runs to its end though its client is
    // gone: it may be calling for others.
    env: { ...env, RUST_BACKTRACE: "0", RUN_TO_COMPLETION: "1" },
  });
  await bundleEntry(directory);
}

async function shrinkWorker(directory, env) {
  await buildWorker(forTests, env);
  mkdirSync(directory, { recursive: true });
  copyFileSync(path.join(testBuild, "index.js"), path.join(directory, "index.js"));
  const [compiled, shrunk] = [testBuild, directory].map((place) => path.join(place, "index_bg.wasm"));
  await capture("the worker could not be made smaller", env.WASM_OPT_BIN, [...SHRINKING, compiled, "-o", shrunk], env);
}
