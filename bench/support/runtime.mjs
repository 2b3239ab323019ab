// Runs a candidate in plain workerd: no proxy and no entry worker of a development server stands before it.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Failure } from "../../scripts/support/output.mjs";
import { inRoot } from "../../scripts/support/paths.mjs";
import { PORTAL_PREFIX, TOKEN_SHA256 } from "./portals.mjs";
import { cpuMicros } from "./process.mjs";

const architecture = process.arch === "x64" ? "64" : process.arch;
const WORKERD = inRoot("node_modules", "@cloudflare", `workerd-${process.platform}-${architecture}`, "bin", "workerd");
const READY_WITHIN_MS = 20_000;
const ANSWERS_WITHIN_MS = 20_000;

const configuration = readFileSync(inRoot("wrangler.toml"), "utf8");
const setting = (name) => JSON.parse(new RegExp(`^${name} = (.+)`, "m").exec(configuration)[1]);
/** The compatibility settings that the relay is deployed with, for all. */
export const compatibility = { compatibilityDate: setting("compatibility_date"), compatibilityFlags: setting("compatibility_flags") };

/** All that run, with their directories, so that nothing is left behind when this process ends before they do. */
const running = new Map();
process.on("exit", () => {
  for (const [child, directory] of running) {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
});
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]]) process.once(signal, () => process.exit(code));

/** Starts a candidate, hands it to `use`, and ends it whatever comes of that. */
export async function using(candidate, options, use) {
  const worker = await start(candidate, options);
  try {
    return await use(worker);
  } finally {
    await worker.stop();
  }
}

/** The same with candidates that run beside each other, so that they can be loaded in turns of a second. Those that wait take no time. */
export async function usingAll(candidates, use, workers = []) {
  if (workers.length === candidates.length) return use(workers);
  return using(candidates[workers.length], {}, (worker) => usingAll(candidates, use, [...workers, worker]));
}

/**
 * Starts a candidate with an empty storage, or with the one in `state`. Returns its name, address and process, what it took until
 * it answered, the reads of KV so far, what it has written so far, and how to end it. With `isTraced` V8 tells each collection of garbage.
 */
export async function start(candidate, { variables = {}, state, isTraced = false } = {}) {
  if (!existsSync(WORKERD)) throw new Failure(`there is no workerd for ${process.platform} ${process.arch}`, `It should be ${WORKERD}.`);
  const directory = mkdtempSync(path.join(tmpdir(), "relay-bench-"));
  const disk = state ?? path.join(directory, "disk");
  mkdirSync(disk, { recursive: true });
  writeFileSync(path.join(directory, "config.capnp"), describe(candidate, variables, directory, disk, isTraced ? ["--trace-gc"] : []));
  const startedAt = performance.now();
  const serve = [WORKERD, "serve", "config.capnp", "--experimental", "--control-fd=3"];
  // V8 writes to a buffer, which a process that is ended takes along.
  const [command, ...args] = isTraced ? ["stdbuf", "-oL", ...serve] : serve;
  const child = spawn(command, args, {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  running.set(child, directory);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => output.push(text));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const ports = await listening(child, ended, output);
    const url = `http://127.0.0.1:${ports.http}`;
    await answers(url);
    const startUp = { millis: performance.now() - startedAt, cpuMillis: cpuMicros(child.pid) / 1000 };
    const kvReads = async () => (await (await fetch(`http://127.0.0.1:${ports.kv}/reads-of-kv`)).json()).reads;
    return { name: candidate.name, url, pid: child.pid, startUp, kvReads, written: () => output.join(""), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The ports, once both sockets are open. */
async function listening(child, ended, output) {
  const ports = {};
  const told = (async () => {
    for await (const line of createInterface({ input: child.stdio[3] })) {
      const { event, socket, port } = JSON.parse(line);
      if (event === "listen") ports[socket] = port;
      if (ports.http !== undefined && ports.kv !== undefined) return ports;
    }
  })();
  const late = new Promise((resolve) => setTimeout(resolve, READY_WITHIN_MS).unref());
  const ready = await Promise.race([told, ended, late]);
  if (ready !== ports) throw new Failure("workerd did not start", output.join("").trim());
  return ports;
}

async function answers(url) {
  const until = Date.now() + ANSWERS_WITHIN_MS;
  while (Date.now() < until) {
    const answer = await fetch(`${url}/events`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined && answer.status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Failure("the candidate does not answer");
}

/** The configuration for workerd. What it embeds must lie beside it. */
export function describe({ modules, objects }, variables, directory, disk, v8Flags = []) {
  const embed = ({ name, type, file }) => {
    symlinkSync(file, path.join(directory, name));
    return `(name = ${quote(name)}, ${type} = embed ${quote(name)})`;
  };
  const standIn = (name) => embed({ name: `${name}.mjs`, type: "esModule", file: inRoot("bench", "stand-ins", `${name}.mjs`) });
  const text = ([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`;
  const bindings = [
    '(name = "INSTALLS", kvNamespace = "kv")',
    '(name = "UNVERIFIED_LIMIT", wrapped = (moduleName = "bench:limiter"))',
    ...objects.map(({ binding, className }) => `(name = ${quote(binding)}, durableObjectNamespace = ${quote(className)})`),
    ...Object.entries(variables).map(text),
  ];
  const limiter = readFileSync(inRoot("bench", "stand-ins", "limiter.mjs"), "utf8");
  writeFileSync(path.join(directory, "limiter.mjs"), limiter);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = [${v8Flags.map(quote).join(", ")}],
  services = [
    (name = "main", worker = .main),
    (name = "kv", worker = .kv),
    (name = "disk", disk = (path = ${quote(disk)}, writable = true)),
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "main"),
    (name = "kv", address = "127.0.0.1:0", http = (), service = "kv"),
  ],
  extensions = [(modules = [(name = "bench:limiter", internal = true, esModule = embed "limiter.mjs")])],
);

const main :Workerd.Worker = (
  modules = [
    ${modules.map(embed).join(",\n    ")}
  ],
  compatibilityDate = ${quote(compatibility.compatibilityDate)},
  compatibilityFlags = [${compatibility.compatibilityFlags.map(quote).join(", ")}],
  bindings = [
    ${bindings.join(",\n    ")}
  ],
  durableObjectNamespaces = [${objects.map(({ className }) => `(className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true)`).join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
  globalOutbound = "loopback",
);

const kv :Workerd.Worker = (
  modules = [${standIn("kv")}],
  compatibilityDate = ${quote(compatibility.compatibilityDate)},
  compatibilityFlags = [${compatibility.compatibilityFlags.map(quote).join(", ")}],
  bindings = [${[["PORTAL_PREFIX", PORTAL_PREFIX], ["TOKEN_SHA256", TOKEN_SHA256]].map(text).join(", ")}],
);
`;
}

/** JSON's strings are Cap'n Proto's, for what stands here. */
const quote = (value) => JSON.stringify(value);
