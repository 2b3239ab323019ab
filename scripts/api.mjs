// `npm run api`: asks a running relay whatever its description allows, and some of what it does not, with schemathesis
// (https://schemathesis.io). It fails where the relay answers with an error of its own, with a status that is not described, or
// with a body that is not as described. Bounded: so many examples for each operation, and a minute in all.

import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RELAY_PORT, freePort } from "./demo/ports.mjs";
import { startRelay } from "./demo/relay.mjs";
import { build, shipped } from "./build/worker.mjs";
import { setUp } from "./setup/setup.mjs";
import { Failure, green, main, say } from "./support/output.mjs";
import { inRoot, toolsDirectory } from "./support/paths.mjs";
import { show } from "./support/run.mjs";

const VERSION = "4.32.5";
const MAX_EXAMPLES = 15;
const TIME_LIMIT_SECONDS = 60;
const environment = path.join(toolsDirectory, "schemathesis");
const schemathesis = path.join(environment, "bin", "schemathesis");

await main(async () => {
  const { node, env } = await setUp();
  await build(shipped, env);
  await installSchemathesis(env);
  const state = mkdtempSync(path.join(tmpdir(), "relay-api-"));
  const token = randomBytes(24).toString("base64url");
  const relay = startRelay({ node, env, port: await freePort(RELAY_PORT + 50), variables: [["ADMIN_TOKEN", token]], state });
  try {
    await relay.ready;
    await fill(relay.url, token);
    await show("the relay is not as described", schemathesis, argumentsFor(relay.url, token), env);
  } finally {
    await relay.stop();
    rmSync(state, { recursive: true, force: true });
  }
  say(green("The relay answers as docs/openapi.json says."));
});

async function installSchemathesis(env) {
  if (existsSync(schemathesis)) return;
  await show("Python 3 with venv is needed (apt-get install python3-venv)", "python3", ["-m", "venv", environment], env);
  const pip = path.join(environment, "bin", "pip");
  await show("schemathesis could not be installed", pip, ["install", "--quiet", `schemathesis==${VERSION}`], env);
}

/** One portal with events and a consumer, so that there is something to read. */
async function fill(url, token) {
  const memberId = "a223c6b3710f85df22e9377d6c4f7553";
  const applicationToken = "51856fefc120afa4b628cc82d3935cce";
  const call = async (method, target, body, type = "application/json") => {
    const response = await fetch(url + target, { method, body, headers: { authorization: `Bearer ${token}`, "content-type": type } });
    if (!response.ok) throw new Failure(`${method} ${target} was answered ${response.status}`, await response.text());
  };
  await call("PUT", `/portals/${memberId}`, JSON.stringify({ application_token: applicationToken }));
  for (const id of [1, 2, 3]) {
    const form = `event=ONCALENDARENTRYADD&data[id]=${id}&ts=1734608349&auth[member_id]=${memberId}&auth[application_token]=${applicationToken}`;
    await call("POST", "/events", form, "application/x-www-form-urlencoded");
  }
  await call("POST", `/portals/${memberId}/consumers/crm/ack`, JSON.stringify({ seq: 2 }));
}

function argumentsFor(url, token) {
  return [
    ...["--config-file", inRoot("scripts", "checks", "schemathesis.toml"), "run", inRoot("docs", "openapi.json")],
    ...["--url", url, "--header", `Authorization: Bearer ${token}`],
    ...["--max-examples", MAX_EXAMPLES, "--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-time", TIME_LIMIT_SECONDS],
  ].map(String);
}
