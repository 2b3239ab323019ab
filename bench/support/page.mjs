// Puts the results of a full run into docs/PERFORMANCE.md, between its markers, and draws the chart.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import path from "node:path";
import { Failure, say } from "../../scripts/support/output.mjs";
import { inRoot } from "../../scripts/support/paths.mjs";
import { read } from "../../scripts/support/run.mjs";
import { draw } from "./chart.mjs";
import { figureOf, markdownTable } from "./tables.mjs";

const PAGE = inRoot("docs", "PERFORMANCE.md");
const CHART = inRoot("docs", "images", "performance.svg");
const BEGIN = "<!-- results: written by npm run bench -- --write -->";
const END = "<!-- end of results -->";

export function write({ results, judged, hashes, env, settings }) {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Failure("docs/PERFORMANCE.md has no place for the results", `It should have the lines ${BEGIN} and ${END}`);
  const text = describe({ results, judged, hashes, env, settings });
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`);
  mkdirSync(path.dirname(CHART), { recursive: true });
  writeFileSync(CHART, draw(results.find(({ name }) => name === "throughput").chart));
  say("\nWritten into docs/PERFORMANCE.md and docs/images/performance.svg.");
}

function describe({ results, judged, hashes, env, settings }) {
  const mark = ({ isReached }) => (isReached ? "yes" : "**no**");
  const targets = judged.map((target) => [target.what, figureOf(target), target.bound, mark(target)]);
  const measures = results.map(({ title, about, tables }) => `### ${title}\n\n${about}\n\n${tables.map(markdownTable).join("\n\n")}`);
  return [
    setting(env, settings),
    "![Accepted events per second by connections: floor A, peer 1, peer 2 and the relay](images/performance.svg)",
    `### Targets\n\n${markdownTable({ columns: ["what", "measured", "target", "reached"], rows: targets })}`,
    ...measures,
    `### Floors and peers\n\n${markdownTable({ columns: ["file", "SHA-256"], rows: Object.entries(hashes) })}`,
  ].join("\n\n");
}

function setting(env, { rounds, seconds, turns, judgedTurns, warmUpSeconds }) {
  const [processor] = cpus();
  const versions = [
    ["wrangler", installed("wrangler")],
    ["workerd", installed("workerd")],
    ["Miniflare", installed("miniflare")],
    ["Node", process.versions.node],
    ["Rust", read("rustc", ["--version"], env)?.split(" ")[1]],
    ["wrk", /\d[\w.+-]*/.exec(read("sh", ["-c", "wrk -v 2>&1 || true"], env) ?? "")?.[0]],
  ];
  const lines = [
    ["date", new Date().toISOString().slice(0, 10)],
    ["command", "`npm run bench -- --write`"],
    ["commit", read("git", ["rev-parse", "--short", "HEAD"]) ?? "unknown"],
    ["machine", `${cpus().length} x ${processor.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`],
    ["versions", versions.map(([name, version]) => `${name} ${version ?? "unknown"}`).join(", ")],
    ["rounds", `${rounds} of ${seconds} s, or of ${turns} turns of a second (${judgedTurns} of what is compared with peers), after ${warmUpSeconds} s of warm-up`],
  ];
  return markdownTable({ columns: ["", ""], rows: lines });
}

const installed = (name) => JSON.parse(readFileSync(inRoot("node_modules", name, "package.json"), "utf8")).version;
