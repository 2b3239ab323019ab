// The commands that a person types: an operation of the control API each, in fewer words.

import { createInterface } from "node:readline";
import { say } from "../../scripts/support/output.mjs";
import { OPERATIONS } from "./control/operations.mjs";
import { Misuse } from "./world/misuse.mjs";

/** Operations that people know by a shorter name. */
const SHORT = { finish: "install.finish", post: "page.post" };

/** Words that stand without a name: `event ONCRMDEALADD 7`. */
const PLACES = { event: ["event", "id"], "portal.rename": ["domain"], "portal.add": ["domain"], fault: ["kind"], "clock.advance": ["seconds"] };

/** Runs what is typed until standard input ends. */
export function readCommands(world) {
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const words = line.trim().split(/\s+/).filter(Boolean);
    if (words.length > 0) say(await run(world, words));
  });
}

/** The answer to a command, in words. */
export async function run(world, [word, ...rest]) {
  const name = SHORT[word] ?? word;
  if (name === "help") return help();
  const operation = OPERATIONS[name];
  if (operation === undefined) return `There is no ${word}. Type help.`;
  try {
    return shown((await operation.run(world, parametersOf(name, rest))) ?? {});
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    return `${error.message}. It ${operation.does}`;
  }
}

/** `event ONCRMDEALADD 7 user=null` as `{ event, id, user }`: a value is JSON where it can be, else text. */
function parametersOf(name, words) {
  const places = [...(PLACES[name] ?? [])];
  return Object.fromEntries(
    words.map((word) => {
      const match = /^([a-z_]+)=(.*)$/.exec(word);
      return match === null
        ? [places.shift() ?? word, name === "event" ? word : value(word)]
        : [match[1], match[1] === "id" ? match[2] : value(match[2])];
    }),
  );
}

function value(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What was posted is told in a line each; everything else as it is. */
function shown(result) {
  if (result.deliveries === undefined) return JSON.stringify(result, null, 2);
  if (result.deliveries.length === 0) return "Nobody was told: no handler is bound, or the installation is not complete.";
  const told = ({ event, by, handler, status, error, body = "", took_ms }) =>
    `${event ?? by} -> ${handler}: ${status ?? error} in ${took_ms} ms ${body.slice(0, 200)}`;
  return result.deliveries.map(told).join("\n");
}

const help = () =>
  Object.entries(OPERATIONS)
    .map(([name, { does }]) => `  ${name.padEnd(16)}${does}`)
    .join("\n");
