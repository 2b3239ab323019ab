// Whether docs/openapi.json is OpenAPI 3.1, and the relay is as it says: schemathesis (https://schemathesis.io) asks whatever the
// description allows, and some of what it does not. It fails where an answer is an error of the relay's own, has a status that is not
// described, or a body that is not as described; and where an operation was not asked. Bounded: so many examples for each
// operation, and a minute in all.
//
// The relay has an application, a vault and a broker's token, so that nothing answers 503 `not_configured`. All that it sends to
// others, hosts that schemathesis made up among them, goes to the simulated Bitrix24.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ADMIN_TOKEN, CLIENT_SECRET, ORIGIN, startRelay } from "../browser/bed.mjs";
import { startSimulator } from "../portal/simulator.mjs";

/** What is installed from PyPI, and the programs that come with it. */
const PACKAGES = ["schemathesis==4.32.5", "openapi-spec-validator==0.9.0"];
const MAX_EXAMPLES = 8;
const TIME_LIMIT_SECONDS = 60;
/** The portal and the token of the examples, which schemathesis asks for first. */
const MEMBER = "a223c6b3710f85df22e9377d6c4f7553";
const APPLICATION_TOKEN = "51856fefc120afa4b628cc82d3935cce";
const BROKER_TOKEN = "a-service-of-the-company";

const root = path.join(import.meta.dirname, "../..");
const description = path.join(root, "docs", "openapi.json");
const environment = path.join(root, ".tools", PACKAGES.join("-").replaceAll("=", ""));
const program = (name) => path.join(environment, "bin", name);

await install();
await run(program("openapi-spec-validator"), [description], "docs/openapi.json is not OpenAPI 3.1");
const endings = [];
try {
  const url = await start();
  await ask(url, await fill(url));
} finally {
  for (const end of endings.reverse()) await end();
}

async function install() {
  if (PACKAGES.every((name) => existsSync(program(name.split("==")[0])))) return;
  await run("python3", ["-m", "venv", environment], "Python 3 with venv is needed: apt-get install python3-venv");
  await run(program("pip"), ["install", "--quiet", "--disable-pip-version-check", ...PACKAGES], `${PACKAGES.join(" and ")} could not be installed`);
}

/** A relay that the portal of the examples has installed. */
async function start() {
  const simulator = await startSimulator({ addresses: "real" });
  endings.push(() => simulator.stop());
  await simulator.operate("portal.add", { domain: "some-domain.bitrix24.com", member_id: MEMBER });
  const application = { url_install: `${ORIGIN}/install`, url_handler: `${ORIGIN}/install`, interface: "none", client_secret: CLIENT_SECRET, scope: ["calendar"] };
  const { client_id: clientId } = await simulator.operate("application.add", application);
  const broker = [{ name: "billing", token: BROKER_TOKEN, portals: ["*"] }];
  const vars = { B24_CLIENT_ID: clientId, BROKER_TOKENS: JSON.stringify(broker), FORWARD_URL: "https://internal.example.com/bitrix24", FORWARD_SECRET: `whsec_${Buffer.alloc(32, 9).toString("base64")}` };
  const { url } = await startRelay({ simulator: simulator.url }, vars, endings);
  await simulator.operate("origin", { origin: ORIGIN, at: url });
  await simulator.operate("install");
  return url;
}

/** Something to read, to send again and to remove. Returns the id of an event. */
async function fill(url) {
  const call = async (method, target, body, type = "application/json") => {
    const response = await fetch(url + target, { method, body, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": type } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${target} was answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  const portal = `/portals/${MEMBER}`;
  await call("PUT", portal, JSON.stringify({ application_token: APPLICATION_TOKEN }));
  for (const id of [1, 2, 3]) {
    const form = `event=ONCALENDARENTRYADD&data[id]=${id}&ts=1734608349&auth[member_id]=${MEMBER}&auth[application_token]=${APPLICATION_TOKEN}`;
    await call("POST", "/events", form, "application/x-www-form-urlencoded");
  }
  await call("POST", `${portal}/consumers/crm/ack`, JSON.stringify({ seq: 2 }));
  await call("POST", `${portal}/destinations`, JSON.stringify({ name: "crm", url: "https://crm.some-company.com/bitrix24", events: ["crm.*"] }));
  return (await call("GET", `${portal}/events?limit=1`)).events[0].event.id;
}

async function ask(url, eventId) {
  const answers = path.join(root, "target", "api.ndjson");
  const options = ["--max-examples", MAX_EXAMPLES, "--phases", "examples,coverage,fuzzing", "--seed", 1, "--max-time", TIME_LIMIT_SECONDS, "--report-ndjson-path", answers];
  const target = ["--url", url, "--header", `Authorization: Bearer ${ADMIN_TOKEN}`];
  const file = path.join(root, "target", "schemathesis.toml");
  const events = ["/portals/{member_id}/events/{id}", "/portals/{member_id}/events/{id}/redeliver"];
  const known = `\n[[operations]]\ninclude-path = ${JSON.stringify(events)}\nparameters = { "path.id" = "${eventId}" }\n`;
  writeFileSync(file, readFileSync(path.join(import.meta.dirname, "schemathesis.toml"), "utf8") + known);
  await run(program("schemathesis"), ["--config-file", file, "run", description, ...target, ...options].map(String), "the relay is not as described");
  const ended = readFileSync(answers, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line).ScenarioFinished);
  const asked = new Set(ended.filter((scenario) => scenario !== undefined && scenario.status !== "skip").map(({ recorder }) => recorder.label));
  const { paths } = JSON.parse(readFileSync(description, "utf8"));
  const methods = ["get", "put", "post", "patch", "delete"];
  const operations = Object.entries(paths).flatMap(([target, item]) => methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${target}`));
  const missed = operations.filter((operation) => !asked.has(operation));
  if (missed.length > 0) throw new Error(`not asked: ${missed.join(", ")}`);
  console.log(`${operations.length} operations were asked, and answered as docs/openapi.json says.`);
}

/** Runs a program in plain view. The simulator has to answer meanwhile. */
async function run(command, args, failure) {
  const [status] = await once(spawn(command, args, { stdio: "inherit", cwd: root }), "exit");
  if (status !== 0) throw new Error(failure);
}
