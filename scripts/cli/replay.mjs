// `replay`: sends events again, after it has said how many.

import { createInterface } from "node:readline/promises";
import { Failure, bold, dim, green, say } from "../support/output.mjs";
import { RUN, member, named } from "./words.mjs";

export async function replay({ api, operands, options, ask = askOnTerminal }) {
  const [memberId, eventId, ...more] = operands;
  if (more.length > 0) throw new Failure(`${more[0]} is one too many: a MEMBER_ID, and an EVENT_ID where it is one event, are needed`);
  const portal = `/portals/${member(memberId)}`;
  const plan = eventId === undefined ? await planOfMany(api, portal, options) : await planOfOne(api, portal, eventId, options);
  if (options["dry-run"]) return options.json ? say(JSON.stringify({ count: plan.count })) : say(`${plan.what} would be sent.`);
  if (plan.count === 0) return options.json ? say(JSON.stringify({ count: 0, replays: [] })) : say("There is nothing to send.");
  if (!options.yes && !(await ask(`Send ${plan.what} again?`))) throw new Failure("nothing was sent");
  const { replays } = await api.json("POST", plan.target, { body: plan.body });
  if (options.json) return say(JSON.stringify({ count: plan.count, replays }));
  say(green(`On its way: ${plan.what}.`));
  for (const { id, destination, rate, next, last } of replays) say(`${bold(id)}  to ${destination}, ${rate}/s at most  ${dim(`from ${next} to ${last}`)}`);
}

/** One event, to one destination or to all that want it. */
async function planOfOne(api, portal, eventId, { destination, state, from, to, after, rate }) {
  const choices = Object.entries({ state, from, to, after, rate }).filter(([, value]) => value !== undefined);
  if (choices.length > 0) throw new Failure(`--${choices[0][0]} chooses among many events: leave it out, or the EVENT_ID`);
  const path = `${portal}/events/${named("EVENT_ID", eventId)}`;
  const { seq, event } = await api.json("GET", path);
  return { count: 1, what: `event ${seq} (${event.type.replace("com.bitrix24.", "")} ${event.subject ?? ""})`, target: `${path}/redeliver`, body: { destination } };
}

/** All that is chosen. The relay looks at some thousand events in one call. */
async function planOfMany(api, portal, options) {
  const { destination, state, from, to } = options;
  const number = (name) => {
    if (options[name] === undefined || /^\d{1,15}$/.test(options[name])) return options[name] && Number(options[name]);
    throw new Failure(`--${name} is a number`);
  };
  const body = { destination, state, from, to, after: number("after"), rate: number("rate") };
  const target = `${portal}/redeliver`;
  let count = 0;
  for (let after = body.after, more = true; more; ) {
    const counted = await api.json("POST", target, { body: { ...body, after, dry_run: true } });
    count += counted.count;
    ({ next: after, more } = counted);
  }
  return { count, what: `${count} ${state ?? ""} event${count === 1 ? "" : "s"} to ${destination ?? "default"}`.replace("  ", " "), target, body };
}

async function askOnTerminal(question) {
  if (!process.stdin.isTTY) throw new Failure("nobody is there to be asked", `Look at \`${RUN} replay ... --dry-run\`, then add --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
