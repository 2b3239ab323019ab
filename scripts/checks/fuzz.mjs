// Runs the fuzz targets: each for so many seconds, as many at a time as there are cores.
//
// The targets lie where cargo-fuzz looks for them, but neither it nor a nightly compiler is needed: the instrumentation that libFuzzer
// wants is part of every rustc. What the nightly would add is the address sanitizer, which finds what only `unsafe` code can
// do wrong, and this code has none.

import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Failure, say, since } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";
import { capture, compile, read } from "../support/run.mjs";

/** What cargo-fuzz sets, too: https://github.com/rust-fuzz/cargo-fuzz/blob/main/src/project.rs */
const INSTRUMENTATION = [
  "--cfg=fuzzing",
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  // Coverage is counted by module: more of them would be counted twice.
  "-Ccodegen-units=1",
];

/** One input may take so long, on a busy machine. The slowest ones take milliseconds. */
const SLOWEST_INPUT_SECONDS = 10;
/** Inputs are mutations of the seeds, which have 5 kB at most; what grows with the length of a body is measured elsewhere. */
const LONGEST_INPUT_BYTES = 16_384;

/** Every target has seeds under its name. */
export const targets = () => readdirSync(inRoot("fuzz", "corpus")).sort();

/** Fuzzes the given targets, and fails with the first finding. */
export async function fuzzAll(seconds, wanted, env) {
  const binaries = await build(env);
  const waiting = [...wanted];
  const lanes = Array.from({ length: Math.min(os.availableParallelism(), waiting.length) }, async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) await fuzz(binaries, target, seconds, env);
  });
  await Promise.all(lanes);
}

/** Builds all targets, and returns the directory of their programs. */
async function build(env) {
  const start = Date.now();
  const host = /^host: (.+)$/m.exec(read("rustc", ["-vV"], env) ?? "")?.[1];
  if (host === undefined) throw new Failure("rustc does not tell what it compiles for", "Run: rustc -vV");
  // Not --locked: the lock file beside the targets lists the relay's dependencies once more, and follows when one is added.
  // With a target of its own, cargo keeps the instrumentation away from build scripts and macros.
  const args = ["build", "--release", "--bins", "--manifest-path", inRoot("fuzz", "Cargo.toml"), "--target", host];
  await compile("the fuzz targets could not be built", "cargo", args, { env: { ...env, RUSTFLAGS: INSTRUMENTATION.join(" ") } });
  say(`The fuzz targets are built (${since(start)}).`);
  return inRoot("fuzz", "target", host, "release");
}

async function fuzz(binaries, target, seconds, env) {
  const [found, broken] = ["found", "artifacts"].map((name) => inRoot("fuzz", name, target));
  for (const directory of [found, broken]) mkdirSync(directory, { recursive: true });
  const log = path.join(broken, "log.txt");
  const options = {
    max_total_time: seconds,
    timeout: SLOWEST_INPUT_SECONDS,
    max_len: LONGEST_INPUT_BYTES,
    artifact_prefix: `${broken}${path.sep}`,
    print_final_stats: 1,
  };
  const flags = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
  // Its output is some lines a second, so it goes to a file: a finding is told by its last lines.
  const command = `"$@" >${JSON.stringify(log)} 2>&1`;
  const args = ["-c", command, "fuzz", path.join(binaries, target), found, inRoot("fuzz", "corpus", target), ...flags];
  await capture(`the fuzz target ${target} found something`, "sh", args, env).catch((failure) => {
    const lines = readFileSync(log, "utf8").trim().split("\n").slice(-40);
    failure.remedy = [...lines, `Mend it, and keep the input: move it from fuzz/artifacts/${target} to fuzz/findings/${target}, under a name that tells what it is.`];
    throw failure;
  });
  const count = /stat::number_of_executed_units:\s*(\d+)/.exec(readFileSync(log, "utf8"))?.[1];
  say(`${target}: ${count} inputs in ${seconds} s`);
}
