// What several commands say and read.

import { Failure } from "../support/output.mjs";

/** How this command line was started, so that what it advises can be pasted. */
export const RUN = process.env.npm_lifecycle_event === "npx" ? "npx bitrix24-edge-relay" : "npm run relay --";

/** The only operand of a command. */
export function oneMember(operands) {
  const [memberId, ...more] = operands;
  if (more.length > 0) throw new Failure(`${more[0]} is one too many: one MEMBER_ID is needed`);
  return member(memberId);
}

/** A portal's id, which is safe in a URL. */
export function member(memberId) {
  if (/^[\w-]{1,64}$/.test(memberId ?? "")) return memberId;
  throw new Failure("a MEMBER_ID is needed", `\`${RUN} portals\` lists them.`);
}

/** A name of the API, which is safe in a URL. */
export function named(what, text) {
  if (/^[\w-]{1,64}$/.test(text ?? "")) return text;
  throw new Failure(`a ${what} is needed`);
}

/** How long something has lasted, for people. */
export function age(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}

/** How a destination stands, for people. */
export function standing({ paused, circuit, circuit_open_until: until }) {
  if (paused !== undefined) return `paused (${paused})`;
  return until === undefined ? "sending" : `left alone (${circuit ?? "outage"}) until ${until}`;
}
