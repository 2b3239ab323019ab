// Runs the relay in workerd, by `wrangler dev`, in a process group of its own.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { Failure } from "../support/output.mjs";
import { inRoot, root, wranglerScript } from "../support/paths.mjs";
import { within } from "../support/within.mjs";
import { stateDirectory } from "./settings.mjs";

/** All that the relay and wrangler print. */
export const logFile = inRoot(".wrangler", "relay.log");

const variablesFile = inRoot(".wrangler", "demo.env");

/** workerd starts in a second or two; a busy machine may need more. */
const START_LIMIT_MS = 60_000;

/** Time for wrangler and workerd to end by themselves. */
const STOP_LIMIT_MS = 5_000;

/** Lines of the log that are shown when the relay ends by itself. */
const LAST_LINES = 30;

/** What wrangler would do besides, and the demo has no use for: the first two write to disk, the others use the network. */
const QUIET = {
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
};

/**
 * Starts the relay with `variables` on `port` of the loopback interface.
 *
 * Returns its address and process id at once; `ready`, a promise that fails if it does not start; `ended`, a promise of the
 * last lines of its log, for when it ends by itself; and `stop`.
 */
export function startRelay({ node, env, port, variables, state = inRoot(".wrangler", "state") }) {
  mkdirSync(stateDirectory, { recursive: true });
  // A file, since arguments can be seen by everybody on the machine. It also keeps a .dev.vars of the user out of the demo.
  writeFileSync(variablesFile, variables.map(([name, value]) => `${name}="${value}"\n`).join(""), { mode: 0o600 });
  const args = [wranglerScript, "dev", "--local", "--ip", "127.0.0.1", "--port", port, "--inspector-port", "0"];
  args.push("--env-file", variablesFile, "--persist-to", state, "--show-interactive-dev-session=false");
  const child = spawn(node, args.map(String), { cwd: root, env: { ...env, ...QUIET }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const { lines, announced } = follow(child);
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve([error.message]));
    child.on("close", () => resolve(lines));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    ready: becomesReady(announced, ended, lines),
    ended,
    stop: () => stopGroup(child.pid, ended),
  };
}

/** Copies what the relay prints to its log, keeps the last lines, and notices when it announces that it is ready. */
function follow(child) {
  const log = createWriteStream(logFile);
  const lines = [];
  const announced = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        log.write(chunk);
        lines.push(...chunk.split("\n").filter((line) => line.trim() !== ""));
        lines.splice(0, lines.length - LAST_LINES);
        if (/Ready on http/.test(chunk)) resolve("ready");
      });
    }
  });
  return { lines, announced };
}

async function becomesReady(announced, ended, lines) {
  const outcome = await within(START_LIMIT_MS, Promise.race([announced, ended]));
  if (outcome === "ready") return;
  const what = outcome === undefined ? `the relay was not ready after ${START_LIMIT_MS / 1000} s` : "the relay did not start";
  throw new Failure(what, [...lines, `All that it said: ${logFile}`]);
}

/** Ends wrangler and all that it started. workerd would go on serving if wrangler alone were ended. */
async function stopGroup(pid, ended) {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  await within(STOP_LIMIT_MS, ended);
  signalGroup(pid, "SIGKILL");
}

/** Sends a signal to the process group of `pid`, which may be gone already. */
export function signalGroup(pid, name) {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
