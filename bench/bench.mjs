// `npm run bench`: how fast the relay is and what it costs, against peers and the platform's own floor. docs/PERFORMANCE.md tells
// what is measured and how. Some 17 minutes; everything is on this machine and ends by itself.
//
//   --quick        few and short rounds, within a minute: whether every measure works. Fails where a figure that no noise touches misses
//                  its target
//   --check        fails where any figure misses its target
//   --only NAME    one measure, as its file in bench/measures is named; may be repeated
//   --write        puts the results into docs/PERFORMANCE.md and its chart

import { build, shipped } from "../scripts/build/worker.mjs";
import { setUp } from "../scripts/setup/setup.mjs";
import { Failure, bold, dim, green, main, red, say, since } from "../scripts/support/output.mjs";
import { buildFloorB, frozen } from "./support/candidates.mjs";
import { write } from "./support/page.mjs";
import { figureOf, plainTable } from "./support/tables.mjs";
import { judge } from "./targets.mjs";

const FULL = {
  rounds: 5,
  seconds: 2,
  // Of a second each, in each round, where candidates run beside each other; and of what is compared with the peers.
  turns: 2,
  judgedTurns: 6,
  // Long enough for the runtime to have compiled the wasm with all optimisations.
  warmUpSeconds: 3,
  connections: [1, 8, 32, 128],
  logSizes: [100_000, 1_000_000],
  backlog: 10_000,
  memoryEvents: [10_000, 100_000],
};
const QUICK = {
  rounds: 1,
  seconds: 1,
  turns: 1,
  judgedTurns: 1,
  warmUpSeconds: 1,
  connections: [1, 32],
  logSizes: [20_000],
  backlog: 500,
  memoryEvents: [1_000, 3_000],
};

/** In the order in which they are shown. Those that are not timed stand last. */
const ORDER = ["throughput", "pace", "garbage", "miniflare", "forwarding", "forgeries", "flood", "latency", "drain", "log-size", "start-up", "costs", "memory", "size"];

await main(async () => {
  const start = Date.now();
  const { isQuick, isChecked, isWritten, only } = readArguments(process.argv.slice(2));
  const { node, env } = await setUp();
  await build(shipped, env);
  await buildFloorB(env);
  const hashes = frozen();
  const measures = await Promise.all(ORDER.filter((name) => only.length === 0 || only.includes(name)).map(measureNamed));
  const results = await runAll(measures, { ...(isQuick ? QUICK : FULL), isQuick, node, env });
  const judged = results.flatMap(({ judged: figures }) => Object.entries(figures).map(([name, value]) => judge(name, value)));
  show(judged, hashes);
  if (isWritten) await write({ results, judged, hashes, env, settings: FULL });
  say(`\n${results.length} measures in ${since(start)}.`);
  const missed = judged.filter(({ isReached, exact }) => !isReached && (isChecked || (isQuick && exact)));
  if (missed.length === 0) return;
  const remedy = missed.map((target) => `${target.what}: ${figureOf(target)}, ${target.bound}`);
  throw new Failure(`${missed.length} of ${judged.length} targets were missed`, remedy);
});

function readArguments(given) {
  const only = [];
  const flags = { "--quick": false, "--check": false, "--write": false };
  for (let at = 0; at < given.length; at += 1) {
    if (given[at] === "--only") only.push(given[++at]);
    else if (Object.hasOwn(flags, given[at])) flags[given[at]] = true;
    else throw new Failure(`there is no option ${given[at]}`, "The options: --quick, --check, --write, --only NAME");
  }
  const unknown = only.filter((name) => !ORDER.includes(name));
  if (unknown.length > 0) throw new Failure(`there is no measure ${unknown.join(", ")}`, `The measures: ${ORDER.join(", ")}`);
  const isWritten = flags["--write"];
  if (isWritten && (flags["--quick"] || only.length > 0)) throw new Failure("only a full run is written down", "Leave --quick and --only away.");
  return { isQuick: flags["--quick"], isChecked: flags["--check"], isWritten, only };
}

async function measureNamed(name) {
  return { name, ...(await import(`./measures/${name}.mjs`)) };
}

/**
 * Runs the measures one after another, but those that are not timed together: they mostly wait, and disturb each other in nothing.
 * The quick run, which says nothing of speed, has them beside all others.
 */
async function runAll(measures, settings) {
  const untimed = measures.filter(({ isTimed }) => isTimed === false);
  const running = new Map();
  const startUntimed = () => {
    for (const measure of untimed) running.set(measure, settled(measure.run(settings)));
  };
  if (settings.isQuick) startUntimed();
  const results = [];
  for (const measure of measures) {
    const start = Date.now();
    say(bold(`\n== ${measure.title}`));
    if (measure === untimed[0] && running.size === 0) startUntimed();
    const outcome = await (running.get(measure) ?? settled(measure.run(settings)));
    if (outcome.error) throw outcome.error;
    for (const table of outcome.tables) say(`\n${plainTable(table)}`);
    say(dim(`   ${since(start)}`));
    results.push({ name: measure.name, title: measure.title, about: measure.about, ...outcome });
  }
  return results;
}

/** A failure is looked at in its turn, not when it happens. */
function settled(promise) {
  return promise.catch((error) => ({ error }));
}

function show(judged, hashes) {
  say(bold("\n== Targets"));
  const mark = ({ isReached }) => (isReached ? green("reached") : red("MISSED"));
  const rows = judged.map((target) => [target.what, figureOf(target), target.bound, mark(target)]);
  say(plainTable({ columns: ["what", "measured", "target", ""], rows }));
  say(bold("\n== Floors and peers (SHA-256)"));
  for (const [file, hash] of Object.entries(hashes)) say(`${hash}  ${file}`);
}
