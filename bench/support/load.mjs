// Load by wrk (https://github.com/wg/wrk), which costs the relay's machine least: one thread, so many connections that are kept.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Failure } from "../../scripts/support/output.mjs";

/** Bodies in turn, each with an address in turn; at the end the figures as one line of JSON. */
const SCRIPT = `
local bodies, addresses = {}, {}
for line in io.lines("bodies.txt") do bodies[#bodies + 1] = line end
for line in io.lines("addresses.txt") do addresses[#addresses + 1] = line end
local requests, turn = {}, 0
-- Global, since wrk hands over nothing else.
counts = {}

function init()
  for index = 1, math.max(#bodies, #addresses) do
    local headers = {
      ["content-type"] = "application/x-www-form-urlencoded",
      ["user-agent"] = "Bitrix24 Webhook Engine",
      ["cf-connecting-ip"] = addresses[(index - 1) % #addresses + 1],
    }
    requests[index] = wrk.format("POST", "/events", headers, bodies[(index - 1) % #bodies + 1])
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
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

/**
 * Sends `bodies` in turn for so many seconds. Returns requests per second, p50 and p99 in milliseconds, and how often each
 * status was answered.
 */
export async function load(url, { bodies, addresses = ["192.0.2.1"], connections, seconds }) {
  const directory = mkdtempSync(path.join(tmpdir(), "relay-load-"));
  try {
    const files = { "load.lua": SCRIPT, "bodies.txt": bodies.join("\n"), "addresses.txt": addresses.join("\n") };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", "load.lua", `${url}/events`];
    const line = await run(args, directory);
    const { requests, seconds: took, p50, p99, broken, statuses } = JSON.parse(line);
    if (broken > 0) throw new Failure(`${broken} requests got no answer`);
    return { rate: requests / took, p50, p99, requests, statuses };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
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
