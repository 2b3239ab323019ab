// Calls of a relay's API.

import { Failure } from "../support/output.mjs";
import { RUN } from "./words.mjs";

/** Time that an answer may take; a tail has none. */
const TIMEOUT_MS = 30_000;

export class Api {
  constructor(url, token) {
    this.url = url.replace(/\/+$/, "");
    this.token = token;
  }

  static fromEnvironment({ RELAY, ADMIN_TOKEN }) {
    if (!RELAY || !ADMIN_TOKEN) {
      throw new Failure("RELAY and ADMIN_TOKEN are needed in the environment", "export RELAY=https://relay.example.com ADMIN_TOKEN=...");
    }
    return new Api(RELAY, ADMIN_TOKEN);
  }

  /** The answer, whatever its status. Fails where there is none. */
  async send(method, target, { body, headers = {}, timeout = TIMEOUT_MS } = {}) {
    try {
      return await fetch(this.url + target, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: { authorization: `Bearer ${this.token}`, ...headers },
        redirect: "manual",
        signal: timeout === null ? undefined : AbortSignal.timeout(timeout),
      });
    } catch (error) {
      const cause = error.cause?.message ?? error.message;
      throw new Failure(`${this.url} does not answer: ${cause}`, "Is RELAY the right address? `npm run deploy` prints it.");
    }
  }

  /** The JSON of an answer of success. Fails with the problem's own words otherwise. */
  async json(method, target, options) {
    const response = await this.send(method, target, options);
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw failureOf(response.status, text);
  }
}

/** What a problem tells (RFC 9457), with what helps against it. */
export function failureOf(status, text) {
  let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Something in front of the relay answered. Its page helps nobody.
  }
  const remedies = {
    unauthorized: "Is ADMIN_TOKEN the one that was stored with `npx wrangler secret put ADMIN_TOKEN`?",
    not_found: `\`${RUN} portals\` lists the portals.`,
  };
  return new Failure(`the relay answered ${status}${problem.code ? ` ${problem.code}: ${problem.detail}` : ""}`, remedies[problem.code] ?? []);
}

/** A query string of the options that are given. */
export function queryOf(options) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
