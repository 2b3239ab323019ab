// Holds the layers of the code apart: domain and app know neither the platform nor the time.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { Failure } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";
import { capture } from "../support/run.mjs";

const FORBIDDEN = [
  { pattern: /\b(worker|js_sys|web_sys|wasm_bindgen\w*)(::|;)/, why: "the platform belongs in src/platform" },
  { pattern: /\b(SystemTime|Instant|Utc|Local|Date)::now\b|\bnow_utc\b/, why: "the time is a parameter" },
  { pattern: /\b(getrandom|rand|fastrand)::|\bnew_v4\b|\bnow_v7\b/, why: "randomness is a parameter" },
];

/** The two layers that are checked, and what is above each: arrows only point down. */
const UPWARDS = {
  "src/domain": { pattern: /\bcrate::(app|platform)\b/, why: "the domain knows no other layer" },
  "src/app": { pattern: /\bcrate::platform\b/, why: "the use cases know the ports, not the platform" },
};

/** Fails with every line of the two lower layers that names what it must not. */
export function checkLayers() {
  const offences = Object.keys(UPWARDS).flatMap((layer) =>
    rustFiles(layer).flatMap((file) => offencesIn(layer, readFileSync(inRoot(file), "utf8")).map((offence) => `${file}:${offence}`)),
  );
  if (offences.length > 0) throw new Failure("a layer names what it must not know", offences);
}

/** The offending lines of a file of `layer`, each as `line: why: text`. */
export function offencesIn(layer, text) {
  const rules = [...FORBIDDEN, UPWARDS[layer]];
  return text.split("\n").flatMap((line, index) => {
    // Text after `//` is not code: a comment may name what the code must not.
    const code = line.replace(/(^|\s)\/\/.*$/, "");
    return rules.filter(({ pattern }) => pattern.test(code)).map(({ why }) => `${index + 1}: ${why}: ${line.trim()}`);
  });
}

function rustFiles(directory) {
  return readdirSync(inRoot(directory), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(directory, entry.name);
    if (entry.isDirectory()) return rustFiles(file);
    return entry.name.endsWith(".rs") ? [file] : [];
  });
}

/** The build for this machine must not contain `worker`: so the compiler proves that the lower layers do without it. */
export async function checkHostTree(env) {
  const tree = await capture("cargo tree failed", "cargo", ["tree", "--locked", "-e", "normal", "--prefix", "none"], env);
  const found = tree.split("\n").filter((line) => /^(worker|js-sys|web-sys|wasm-bindgen) v/.test(line));
  if (found.length > 0) throw new Failure("the build for this machine contains the platform", found);
}
