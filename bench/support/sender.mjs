// Sends events that are counted one by one, where wrk would send for a time.

import { Agent, request } from "node:http";
import { Failure } from "../../scripts/support/output.mjs";

const FORM = { "content-type": "application/x-www-form-urlencoded", "cf-connecting-ip": "192.0.2.1" };

/** A client that keeps so many connections. */
export function connect(url, connections = 1) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
  const call = (method, target, { headers = {}, body = "" } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(url + target, { agent, method, headers: { ...headers, "content-length": Buffer.byteLength(body) } });
      sent.on("error", reject).on("response", (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
      });
      sent.end(body);
    });
  /** Sends one event. Returns its id. */
  const post = async (body) => {
    const { status, text } = await call("POST", "/events", { headers: FORM, body });
    if (status !== 200) throw new Failure(`an event was answered ${status}`, text);
    return JSON.parse(text).id;
  };
  /** Sends each of these, as many at once as there are connections. */
  const postAll = async (bodies) => {
    const left = bodies[Symbol.iterator]();
    const worker = async () => {
      for (const body of left) await post(body);
    };
    await Promise.all(Array.from({ length: connections }, worker));
  };
  /** Calls the API as the operator. */
  const api = async (method, target, value) => {
    const headers = { authorization: `Bearer ${OPERATOR.ADMIN_TOKEN}` };
    const { status, text } = await call(method, target, { headers, body: value === undefined ? "" : JSON.stringify(value) });
    if (status !== 200) throw new Failure(`${method} ${target} was answered ${status}`, text);
    return JSON.parse(text);
  };
  return { post, postAll, api, call, close: () => agent.destroy() };
}

/** What lets the benchmark use the API. */
export const OPERATOR = { ADMIN_TOKEN: "an-operator-and-nobody-else" };

/** Waits until something holds; fails with `what` after so many seconds. */
export async function until(what, seconds, holds) {
  const last = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > last) throw new Failure(`${what}: not within ${seconds} s`);
    await pause(5);
  }
}

export const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
