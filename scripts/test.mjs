// `npm test`: every check and every test there is; the first that fails ends it. `npm test -- lint native` runs only those
// groups.
//
// The tests in Rust find what they need in these variables, and fail without them:
//   RELAY_NODE        a Node that runs wrangler and Miniflare
//   RELAY_WRANGLER    wrangler's script, for that Node
//   RELAY_TEST_BUILD  the directory of the built worker: index.js and index_bg.wasm

import { readdirSync } from "node:fs";
import { checkAlerts } from "./checks/alerts.mjs";
import { askApi } from "./checks/api.mjs";
import { checkDeploy } from "./checks/deploy.mjs";
import { fuzzAll, targets } from "./checks/fuzz.mjs";
import { checkHostTree, checkLayers } from "./checks/layers.mjs";
import { checkPromises } from "./checks/promises.mjs";
import { checkReview } from "./checks/review.mjs";
import { checkSize } from "./build/size.mjs";
import { build, forTests, shipped } from "./build/worker.mjs";
import { setUp } from "./setup/setup.mjs";
import { Failure, bold, green, main, say, since } from "./support/output.mjs";
import { inRoot, testBuild, wranglerScript } from "./support/paths.mjs";
import { show } from "./support/run.mjs";

/** Seconds for each fuzz target: enough to find again what is found easily. `npm run fuzz -- 60` takes longer. */
const FUZZ_SECONDS = 10;

const WASM = "wasm32-unknown-unknown";

const GROUPS = {
  lint: [
    ["The code is formatted", cargo("fmt", "--check")],
    ["Domain and app know neither platform nor clock", checkLayers],
    ["The build for this machine has no platform in it", ({ env }) => checkHostTree(env)],
    ["Alerts fire where they must, and are quiet where they must", checkAlerts],
    ["Every crate in the Worker was reviewed", ({ env }) => checkReview(env)],
    ["Every promise has a test that is there", () => checkPromises(Object.keys(GROUPS))],
    ["clippy, this machine", cargo("clippy", "--locked", "--all-targets", "--", "-D", "warnings")],
    ["clippy, wasm", cargo("clippy", "--locked", "--target", WASM, "--lib", "--", "-D", "warnings")],
    ["The documentation has no warnings", cargo("doc", "--locked", "--no-deps", { RUSTDOCFLAGS: "-Dwarnings" })],
  ],
  build: [
    ["The worker builds, and is small", buildBoth],
    ["wrangler would deploy it, without a warning", checkDeploy],
  ],
  scripts: [["The parts of the demo, of the simulated Bitrix24, of the dashboard and of the benchmark", testScripts]],
  native: [["The tests in Rust, native and in workerd", testRust]],
  api: [["Every operation of the API, as it is described", askApi]],
  browser: [["The installer page and the dashboard, in Chromium", testBrowser]],
  bench: [["Every measure of the benchmark works, and events cost what they should", tryBenchmark]],
  fuzz: [["No reader breaks on what a fuzzer makes of its seeds", ({ env }) => fuzzAll(FUZZ_SECONDS, targets(), env)]],
};

await main(async () => {
  const start = Date.now();
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !Object.hasOwn(GROUPS, name));
  if (unknown.length > 0) throw new Failure(`there is no group ${unknown.join(", ")}`, `The groups: ${Object.keys(GROUPS).join(", ")}`);
  const names = wanted.length > 0 ? wanted : Object.keys(GROUPS);
  const tools = await step("What the tests need is installed", setUp);
  for (const [title, run] of names.flatMap((name) => GROUPS[name])) await step(title, () => run(tools));
  say(green(bold(`\nAll passed in ${since(start)}.`)));
});

async function step(title, run) {
  const start = Date.now();
  say(bold(`\n== ${title}`));
  const result = await run();
  say(green(`   ok (${since(start)})`));
  return result;
}

/** A step that runs cargo in plain view. A last argument that is an object is added to the environment. */
function cargo(...args) {
  const extra = typeof args.at(-1) === "object" ? args.pop() : {};
  return ({ env }) => show(`cargo ${args[0]} failed`, "cargo", args, { ...env, ...extra });
}

async function buildBoth({ env }) {
  await build(shipped, env);
  await build(forTests, env);
  say(`   ${checkSize()}`);
}

async function testScripts({ node, env }) {
  const files = ["src", "scripts", "tests/portal", "dashboard", "bench"].flatMap((directory) =>
    readdirSync(inRoot(directory), { recursive: true }).filter((name) => name.endsWith(".test.mjs")).map((name) => `${directory}/${name}`),
  );
  await show("a test of the scripts failed", node, ["--test", "--test-reporter=dot", ...files], env);
}

async function testRust({ node, env }) {
  await build(shipped, env);
  await build(forTests, env);
  const paths = { RELAY_NODE: node, RELAY_WRANGLER: wranglerScript, RELAY_TEST_BUILD: testBuild };
  await show("cargo test failed", "cargo", ["test", "--locked"], { ...env, ...paths });
}

/** Speed means nothing here: the machine may be busy. */
async function tryBenchmark({ node, env }) {
  await show("the benchmark does not work", node, ["bench/bench.mjs", "--quick"], env);
}

async function testBrowser({ node, env }) {
  await build(forTests, env);
  const files = readdirSync(inRoot("tests/browser"), { recursive: true }).filter((name) => name.endsWith(".test.mjs"));
  const paths = files.map((name) => inRoot("tests/browser", name));
  await show("a test in the browser failed", node, ["--test", "--test-reporter=dot", ...paths], { ...env, RELAY_TEST_BUILD: testBuild });
}
