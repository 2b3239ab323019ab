import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "../support/paths.mjs";

/** What makes cargo decide on versions: one of its commands, or a build by worker-build. */
const DECIDES = /(\bcargo\(|"cargo", |\bargs = )\[?"(build|clippy|doc|install|metadata|run|test|tree)"|"--out-dir"/;
/** The fuzzer is in no lock file of the relay's, and its own follows: see there. */
const FOLLOWS = "scripts/checks/fuzz.mjs";

const sources = ["scripts", "bench"].flatMap((directory) =>
  readdirSync(inRoot(directory), { recursive: true })
    .filter((name) => name.endsWith(".mjs") && !name.endsWith(".test.mjs"))
    .map((name) => `${directory}/${name}`),
);
const commands = sources.flatMap((file) =>
  readFileSync(inRoot(file), "utf8").split("\n").filter((line) => DECIDES.test(line)).map((line) => ({ file, line: line.trim() })),
);

test("cargo takes the versions of a lock file, whatever it builds", () => {
  assert.ok(commands.length >= 8, `only ${commands.length} commands were found`);
  assert.deepEqual(commands.filter(({ file, line }) => !line.includes('"--locked"') && file !== FOLLOWS), []);
});

test("npm takes the versions of its lock file, and runs no script of a package", () => {
  assert.match(readFileSync(inRoot("scripts/setup/packages.mjs"), "utf8"), /\["ci", "--ignore-scripts"/);
  const installs = sources.filter((file) => /\["(install|i|add|update)"/.test(readFileSync(inRoot(file), "utf8").replaceAll(/args = \["install", "--locked"/g, "")));
  assert.deepEqual(installs, []);
});
