#!/usr/bin/env node
// `npm run relay -- <command>`, or `npx bitrix24-edge-relay <command>`: the API from a terminal, for people and, with `--json`, for
// scripts. It needs Node and nothing else.

import { parseArgs } from "node:util";
import { addWebhook } from "./cli/add-webhook.mjs";
import { Api } from "./cli/api.mjs";
import { deliveries, destinations, sync } from "./cli/destinations.mjs";
import { doctor } from "./cli/doctor.mjs";
import { events, portals, tail } from "./cli/read.mjs";
import { replay } from "./cli/replay.mjs";
import { RUN } from "./cli/words.mjs";
import { Failure, main, say } from "./support/output.mjs";

const COMMANDS = {
  portals: { run: portals, usage: "portals                                     the portals, as they last reported" },
  events: { run: events, usage: "events MEMBER_ID [--after N] [--limit N] [--type GLOB] [--subject ID] [--since TIME]" },
  tail: { run: tail, usage: "tail MEMBER_ID [--after N] [--type GLOB]    events as they come; without --after, from now on" },
  deliveries: { run: deliveries, usage: "deliveries MEMBER_ID [--state S] [--destination NAME] [--after N] [--limit N]" },
  replay: {
    run: replay,
    usage: [
      "replay MEMBER_ID EVENT_ID [--destination NAME] [--dry-run] [--yes]",
      "replay MEMBER_ID [--state delivered|failed|superseded] [--from TIME] [--to TIME] [--after N] [--destination NAME] [--rate N] [--dry-run] [--yes]",
    ],
  },
  destinations: {
    run: destinations,
    usage: ["destinations MEMBER_ID                      where events go, and how that goes", "destinations pause|resume|test MEMBER_ID NAME"],
  },
  sync: { run: sync, usage: "sync MEMBER_ID                              mends the subscriptions of the application" },
  doctor: { run: doctor, usage: "doctor [--no-test]                          what is wrong, and what to do about it; sends test events" },
  "add-webhook": { run: addWebhook, usage: "add-webhook MEMBER_ID [--domain D] [--label L]   registers the token that stands in RELAY_WEBHOOK_TOKEN" },
};

const FLAGS = ["json", "dry-run", "yes", "no-test", "help"];
const TEXTS = ["after", "limit", "type", "subject", "since", "state", "from", "to", "rate", "destination", "domain", "label"];
const OPTIONS = {
  ...Object.fromEntries(FLAGS.map((name) => [name, { type: "boolean", default: false }])),
  ...Object.fromEntries(TEXTS.map((name) => [name, { type: "string" }])),
};

await main(async () => {
  const { values: options, positionals } = read(process.argv.slice(2));
  const [name, ...operands] = positionals;
  if (options.help || name === "help") return help().forEach((line) => say(line));
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
  const usages = Object.values(COMMANDS).flatMap(({ usage }) => usage);
  return [...usages.map((usage) => `  ${RUN} ${usage}`), "RELAY is the relay's address, ADMIN_TOKEN the operator's token, both in the environment. --json prints JSON."];
}
