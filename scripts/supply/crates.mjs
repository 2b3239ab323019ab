// Which crates become part of the wasm that is deployed.

import { readFileSync } from "node:fs";
import { inRoot } from "../support/paths.mjs";
import { capture } from "../support/run.mjs";

const WASM = "wasm32-unknown-unknown";

/**
 * The crates whose code is compiled into the Worker, each once, without the relay itself: `{name, version, license, purl}`.
 *
 * Macros and build scripts are left out: they run where the Worker is built. cargo tells what is built, so a dependency that
 * only another target needs is not among them.
 */
export async function cratesInWasm(env) {
  const args = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--target", WASM, "--prefix", "none", "--format", "{p}|{l}"];
  const tree = await capture("cargo does not tell the dependencies", "cargo", args, env);
  const own = /^name = "(.+)"/m.exec(readFileSync(inRoot("Cargo.toml"), "utf8"))[1];
  const lines = [...new Set(tree.split("\n"))].sort();
  const crates = lines.flatMap((line) => {
    const found = /^(\S+) v(\S+?)(?: \(.*\))?\|([^(]*)/.exec(line);
    if (found === null || found[1] === own) return [];
    const [, name, version, license] = found;
    return [{ name, version, license: license.trim(), purl: `pkg:cargo/${name}@${version}` }];
  });
  return [...new Map(crates.map((crate) => [crate.purl, crate])).values()];
}
