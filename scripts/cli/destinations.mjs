// `deliveries`, `destinations` and `sync`.

import { Failure, bold, dim, green, red, say } from "../support/output.mjs";
import { queryOf } from "./api.mjs";
import { RUN, member, named, oneMember, standing } from "./words.mjs";

export async function deliveries({ api, operands, options }) {
  const { state, destination, after, limit } = options;
  const page = await api.json("GET", `/portals/${oneMember(operands)}/deliveries${queryOf({ state, destination, after, limit })}`);
  if (options.json) return say(JSON.stringify(page));
  for (const { seq, type, subject, destination, state, attempts, error, id } of page.deliveries) {
    const what = `${type.replace("com.bitrix24.", "")}  ${subject ?? ""}`;
    say(`${dim(String(seq).padStart(6))}  ${what}  ${destination}  ${bold(state)}  ${attempts} attempts  ${error ?? ""}  ${dim(id)}`);
  }
  say(dim(`go on with --after ${page.next}`));
}

const CHANGES = {
  pause: { method: "PATCH", body: { paused: true } },
  resume: { method: "PATCH", body: { paused: false } },
  test: { method: "POST", suffix: "/test" },
};

/** Lists them, or does something with one. */
export async function destinations({ api, operands, options }) {
  const [first, ...rest] = operands;
  if (!Object.hasOwn(CHANGES, first ?? "")) return list(api, oneMember(operands), options);
  const [memberId, name, ...more] = rest;
  if (more.length > 0) throw new Failure(`${more[0]} is one too many`, `${RUN} destinations ${first} MEMBER_ID NAME`);
  const { method, body, suffix = "" } = CHANGES[first];
  const answer = await api.json(method, `/portals/${member(memberId)}/destinations/${named("NAME of a destination", name)}${suffix}`, { body });
  if (first === "test") return tell(name, answer, options);
  if (options.json) return say(JSON.stringify(answer));
  say(green(answer.paused ? `${bold(name)} is paused: events wait.` : `${bold(name)} is sent events: ${answer.delivery.pending} wait.`));
}

async function list(api, memberId, options) {
  const { destinations: all } = await api.json("GET", `/portals/${memberId}/destinations`);
  if (options.json) return say(JSON.stringify(all));
  if (all.length === 0) say("There is none: the log is all that gets the events.");
  for (const { name, url, queue, error, delivery } of all) {
    const counts = `${delivery.pending} pending, ${delivery.retrying} retrying, ${delivery.failed} failed`;
    say(`${bold(name)}  ${url ?? queue ?? dim("of the variables")}  ${error ? red(error) : standing(delivery)}  ${counts}`);
  }
}

function tell(name, report, options) {
  if (!report.delivered) process.exitCode = 1;
  if (options.json) return say(JSON.stringify(report));
  const { delivered, status, latency_ms: latency, error } = report;
  say(delivered ? green(`${bold(name)} took a test event${status ? ` (${status})` : ""} in ${latency} ms.`) : red(`${bold(name)} did not take a test event: ${error} (after ${latency} ms).`));
}

export async function sync({ api, operands, options }) {
  const outcome = await api.json("POST", `/portals/${oneMember(operands)}/sync`);
  if (options.json) return say(JSON.stringify(outcome));
  const { bound, unbound, failed } = outcome.report;
  say(green(`${bound.length} subscriptions were missing and are bound, ${unbound.length} were stale and are gone.`));
  for (const { event, code, missing_scope: scope } of failed) say(red(`${event} could not be bound: ${scope ? `the application lacks the permission ${scope}` : code}`));
}
