// `npm run relay -- <command>`: the API from a terminal, for people and, with `--json`, for scripts.

import { parseArgs } from "node:util";
import { Api } from "./cli/api.mjs";
import { addWebhook } from "./cli/add-webhook.mjs";
import { doctor } from "./cli/doctor.mjs";
import { events, portals, tail } from "./cli/read.mjs";
import { Failure, main } from "./support/output.mjs";

const COMMANDS = {
  portals: { run: portals, usage: "portals                                  the portals, as they last reported" },
  events: { run: events, usage: "events MEMBER_ID [--after N] [--limit N] [--type GLOB] [--subject ID] [--since TIME]" },
  tail: { run: tail, usage: "tail MEMBER_ID [--after N] [--type GLOB]    events as they come; without --after, from now on" },
  doctor: { run: doctor, usage: "doctor                                   what is wrong, and what to do about it" },
  "add-webhook": { run: addWebhook, usage: "add-webhook MEMBER_ID [--domain D] [--label L]   registers the token that stands in RELAY_WEBHOOK_TOKEN" },
};

const OPTIONS = {
  json: { type: "boolean", default: false },
  ...Object.fromEntries(["after", "limit", "type", "subject", "since", "domain", "label"].map((name) => [name, { type: "string" }])),
};

await main(async () => {
  const { values: options, positionals } = read(process.argv.slice(2));
  const [name, ...operands] = positionals;
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
  if (command === undefined) throw new Failure(name === undefined ? "which command?" : `there is no command ${name}`, help());
  await command.run({ api: Api.fromEnvironment(process.env), operands, options, environment: process.env });
});

function read(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Failure(error.message, help());
  }
}

function help() {
  const usages = Object.values(COMMANDS).map(({ usage }) => `  npm run relay -- ${usage}`);
  return [...usages, "RELAY is the relay's address, ADMIN_TOKEN the operator's token, both in the environment. --json prints JSON."];
}
