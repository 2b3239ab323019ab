// `npm run portal`: a simulated Bitrix24 on this machine, to be driven by commands, by a page, or by its control API.
//
//   --port <n>             8807 if left out; 0: any free one
//   --events <url>         where the default portal's outgoing webhook sends events
//   --install <url>        where the default application is installed
//   --interface <kind>     of that application: none (ONAPPINSTALL is posted) or page (a person opens it)
//   --addresses <kind>     local (URLs of this machine) or real (https://<portal>, for a handler whose requests all come here)
//   --seed <text>          other ids and tokens: the same seed gives the same ones at every start
//   --now <time>           the clock stands still at this time
//   --empty                no portal and no application to begin with
//   --json                 prints {"url","control"} in one line and nothing else: for programs

import { parseArgs } from "node:util";
import { Failure, main, say } from "../../scripts/support/output.mjs";
import { readCommands } from "./commands.mjs";
import { addDefaults, showHowToUse } from "./default-world.mjs";
import { startSimulator } from "./simulator.mjs";

const OPTIONS = {
  port: { type: "string", default: "8807" },
  events: { type: "string", default: "http://127.0.0.1:8787/events" },
  install: { type: "string", default: "http://127.0.0.1:8787/install" },
  interface: { type: "string", default: "page" },
  addresses: { type: "string", default: "local" },
  seed: { type: "string", default: "portal" },
  now: { type: "string" },
  empty: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
};

await main(async () => {
  const options = read(process.argv.slice(2));
  const simulator = await start(options);
  if (!options.empty) addDefaults(simulator.world, options);
  if (options.json) say(JSON.stringify({ url: simulator.url, control: simulator.control }));
  else {
    showHowToUse(simulator);
    readCommands(simulator.world);
  }
  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, resolve);
  });
  simulator.stop();
  // Standard input may be open still.
  process.exit();
});

async function start({ port, seed, addresses, now }) {
  try {
    return await startSimulator({ port, seed, addresses, now });
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw error;
    throw new Failure(`port ${port} is in use`, "Choose another one: npm run portal -- --port 0");
  }
}

function read(args) {
  const { values } = parsed(args);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Failure(`${values.port} is no port`);
  for (const name of ["events", "install"]) if (!URL.canParse(values[name])) throw new Failure(`--${name} ${values[name]} is no URL`);
  for (const [name, allowed] of [
    ["addresses", ["local", "real"]],
    ["interface", ["none", "page"]],
  ]) {
    if (!allowed.includes(values[name])) throw new Failure(`--${name} is ${allowed.join(" or ")}`);
  }
  const now = values.now === undefined ? undefined : Date.parse(values.now);
  if (Number.isNaN(now)) throw new Failure(`--now ${values.now} is no time`, "Write it so: 2026-11-22T12:00:00Z");
  return { ...values, port, now };
}

function parsed(args) {
  try {
    return parseArgs({ args, options: OPTIONS });
  } catch (error) {
    throw new Failure(
      error.message,
      `The options: ${Object.keys(OPTIONS)
        .map((name) => `--${name}`)
        .join(", ")}`,
    );
  }
}
