// Load by wrk (https://github.com/wg/wrk), which costs the machine least: one thread, so many connections that are kept.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure } from "../../scripts/support/output.mjs";
import { cpuMicros } from "./process.mjs";

/** Requests in turn, as they stand in the file; at the end the figures as one line of JSON. */
const SCRIPT = `
local requests, turn = {}, 0
local file = assert(io.open("requests", "rb"))
for length in function() return file:read("*l") end do requests[#requests + 1] = file:read(tonumber(length)) end
file:close()
-- Global, since wrk hands over nothing else.
counts = {}

function init() end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

local pause = tonumber(os.getenv("PAUSE_MILLIS"))
if pause > 0 then
  function delay() return pause end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function response(status) counts[status] = (counts[status] or 0) + 1 end

function done(summary, latency)
  local statuses = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counts")) do statuses[#statuses + 1] = string.format('"%d":%d', status, count) end
  end
  local errors = summary.errors
  print(string.format('{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"broken":%d,"statuses":{%s}}', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(statuses, ",")))
end
`;

/** A request as it goes over the wire. */
export function event(body, address = "192.0.2.1") {
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "Bitrix24 Webhook Engine",
    "cf-connecting-ip": address,
    "content-length": Buffer.byteLength(body),
  };
  return wire("POST", "/events", headers, body);
}

/** Events of one address. */
export const events = (bodies) => bodies.map((body) => event(body));

export const read = (target, token) => wire("GET", target, { authorization: `Bearer ${token}` }, "");

const wire = (method, target, headers, body) =>
  `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;

/** How many answers make a candidate warm, and how long it may take it to give them on a machine that is busy. */
const WARM_ANSWERS = 200;
const WARM_WITHIN_SECONDS = 60;

/** Loads a candidate for so many seconds, until its objects are awake and the runtime has compiled it. Takes what `load` takes. */
export async function warmUp(worker, { seconds, ...setting }) {
  for (let answers = 0, spent = 0; spent < seconds || answers < WARM_ANSWERS; spent += seconds) {
    if (spent > WARM_WITHIN_SECONDS) throw new Failure(`${worker.name} gave only ${answers} answers in ${spent} s`);
    answers += (await wrk(worker, { ...setting, seconds })).requests;
  }
}

/**
 * Sends `requests` in turn to `worker` for so many seconds; where `pauseMillis` is set, each connection waits so long before each
 * of them. Fails where a status comes that is not in `statuses`.
 *
 * Returns requests per second, p50 and p99 in milliseconds, how many there were, how often each status was answered, and what
 * processor time the worker took for one, in microseconds.
 */
export async function load(worker, setting) {
  const before = cpuMicros(worker.pid);
  const told = await wrk(worker, setting);
  if (told.requests > 0) return { ...told, rate: told.requests / told.seconds, cpu: (cpuMicros(worker.pid) - before) / told.requests };
  // A machine that is very busy may need longer.
  if (setting.seconds > WARM_WITHIN_SECONDS) throw new Failure(`${worker.name} answered nothing in ${setting.seconds} s`);
  return load(worker, { ...setting, seconds: setting.seconds * 2 });
}

async function wrk(worker, { requests, connections, seconds, statuses = [200], pauseMillis = 0 }) {
  const directory = mkdtempSync(path.join(tmpdir(), "relay-load-"));
  try {
    writeFileSync(path.join(directory, "load.lua"), SCRIPT);
    writeFileSync(path.join(directory, "requests"), requests.map((request) => `${Buffer.byteLength(request)}\n${request}`).join(""));
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", "load.lua", worker.url];
    const line = await run(args, directory, pauseMillis);
    const told = JSON.parse(line);
    const others = Object.keys(told.statuses).filter((status) => !statuses.includes(Number(status)));
    if (told.broken > 0 || others.length > 0) throw new Failure(`${worker.name} was to answer ${statuses.join(" or ")}`, line);
    return told;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(args, cwd, pauseMillis) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PAUSE_MILLIS: String(pauseMillis) };
    const child = spawn("wrk", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => output.push(text));
    child.on("error", () => reject(new Failure("wrk is missing", "Debian and Ubuntu: sudo apt-get install wrk. macOS: brew install wrk")));
    child.on("close", () => {
      const line = output.join("").split("\n").find((text) => text.startsWith("{"));
      if (line === undefined) reject(new Failure("wrk told nothing", output.join("")));
      else resolve(line);
    });
  });
}
