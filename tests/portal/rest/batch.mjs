// `batch`: up to 50 calls in one, which counts as one for the rate limit.

import { parseForm } from "../wire/parse.mjs";
import { RestError } from "./error.mjs";
import { formatTime } from "./time.mjs";

const MOST_COMMANDS = 50;

/** Runs the commands in order. An error is the answer of its command alone, and ends the rest only with `halt`. */
export function batch(context, { cmd, halt }) {
  const commands = typeof cmd === "object" && cmd !== null ? Object.entries(cmd) : [];
  const stops = halt === true || halt === 1 || halt === "1" || halt === "true";
  const results = Object.create(null);
  const errors = [];
  for (const [index, [name, command]] of commands.entries()) {
    try {
      if (index >= MOST_COMMANDS) throw new RestError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded");
      results[name] = runCommand(context, String(command), results);
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      errors.push([name, error.body]);
      if (stops) break;
    }
  }
  const times = Object.keys(results).map((name) => [name, formatTime(context.world.clock.now(), context.world.clock.now())]);
  const totals = Object.entries(results).flatMap(([name, result]) => (Array.isArray(result) ? [[name, result.length]] : []));
  return {
    result: phpArray(Object.entries(results)),
    result_error: phpArray(errors),
    result_total: phpArray(totals),
    result_next: [],
    result_time: phpArray(times),
  };
}

function runCommand(context, command, results) {
  const [method, ...query] = command.split("?");
  const name = method.toLowerCase();
  if (name === "batch") throw new RestError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage");
  return context.call(name, substitute(parseForm(query.join("?")), results));
}

/** `$result[name][ID]` in a value becomes what an earlier command returned. */
function substitute(value, results) {
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, substitute(member, results)]));
  return value.replace(/\$result((?:\[[^\]]*\])+)/g, (_, path) => {
    const found = [...path.matchAll(/\[([^\]]*)\]/g)].reduce((at, [, key]) => (Object.hasOwn(Object(at), key) ? at[key] : undefined), results);
    return typeof found === "object" || found === undefined ? "" : String(found);
  });
}

/** As PHP writes an array in JSON: a list where the keys are 0, 1, 2, ..., so also where there is nothing in it. */
const phpArray = (entries) =>
  entries.every(([key], index) => key === String(index)) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
