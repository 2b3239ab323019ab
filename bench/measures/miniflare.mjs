// The same load in Miniflare, for comparison: what `wrangler dev` and its proxies add hides most of the work.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Failure } from "../../scripts/support/output.mjs";
import { inRoot } from "../../scripts/support/paths.mjs";
import { within } from "../../scripts/support/within.mjs";
import { signalGroup } from "../../scripts/demo/relay.mjs";
import { ACCEPTING, RELAY } from "../support/candidates.mjs";
import { millis, rate, times } from "../support/format.mjs";
import { events, load, warmUp } from "../support/load.mjs";
import { genuineBurst } from "../support/portals.mjs";
import { interleaved, over } from "../support/rounds.mjs";
import { compatibility } from "../support/runtime.mjs";

export const title = "In Miniflare";
export const about = "32 connections, one portal, log only, once. Miniflare's own worker stands before each candidate, and its own KV behind it.";

const READY_WITHIN_MS = 60_000;

/** The quick run, which only sees whether it works, has the relay alone. */
export async function run({ seconds, warmUpSeconds, isQuick, node, env }) {
  const candidates = isQuick ? [RELAY] : ACCEPTING;
  const requests = events(genuineBurst());
  const outcomes = await interleaved(1, candidates, async (candidate) => {
    const worker = await startInMiniflare(candidate, { node, env });
    try {
      await warmUp(worker, { requests, connections: 32, seconds: warmUpSeconds });
      return await load(worker, { requests, connections: 32, seconds });
    } finally {
      await worker.stop();
    }
  });
  const figure = (name, key) => over(outcomes, (round) => round[name][key]);
  const relative = (name) => times(figure(name, "rate") / figure("relay", "rate"));
  const rows = candidates.map(({ name }) => [name, rate(figure(name, "rate")), relative(name), millis(figure(name, "p50")), millis(figure(name, "p99"))]);
  return { tables: [{ columns: ["candidate", "events/s", "of the relay's", "p50", "p99"], rows }], judged: {} };
}

async function startInMiniflare({ name, modules, objects }, { node, env }) {
  const state = mkdtempSync(path.join(tmpdir(), "relay-miniflare-"));
  const setup = JSON.stringify({ modules, objects, state, compatibility });
  // A group of its own: Miniflare starts workerd, which would go on without it.
  const child = spawn(node, [inRoot("bench", "support", "in-miniflare.mjs"), setup], { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const output = [];
  child.stderr.setEncoding("utf8").on("data", (text) => output.push(text));
  const killGroup = () => signalGroup(child.pid, "SIGKILL");
  process.once("exit", killGroup);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    killGroup();
    await ended;
    process.off("exit", killGroup);
    rmSync(state, { recursive: true, force: true });
  };
  const url = await within(READY_WITHIN_MS, Promise.race([firstLine(child.stdout), ended.then(() => undefined)]));
  if (url !== undefined) return { name, url, pid: child.pid, stop };
  await stop();
  throw new Failure("Miniflare did not start", output.join("").trim());
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) if (line.startsWith("http")) return line;
  return undefined;
}
