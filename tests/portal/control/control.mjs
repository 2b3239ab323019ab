// The control API: `POST /control/<operation>` with a JSON object; JSON comes back.

import { Misuse } from "../world/misuse.mjs";
import { dashboard } from "./dashboard.mjs";
import { OPERATIONS } from "./operations.mjs";

export async function answerControl(world, { verb, path, headers, body }) {
  if (verb === "GET" && path === "/") return { status: 200, type: "text/html; charset=utf-8", text: dashboard() };
  const name = /^\/control\/?([a-z.-]*)$/.exec(path)?.[1];
  if (name === undefined) return { status: 404, text: "Not here. GET / shows what there is.\n" };
  if (name === "") return { status: 200, body: describe() };
  const operation = OPERATIONS[name];
  if (operation === undefined) return { status: 404, body: { error: `there is no operation ${name}`, operations: Object.keys(OPERATIONS) } };
  if (verb !== "POST") return { status: 405, headers: { allow: "POST" }, body: { error: "operations are called by POST", does: operation.does } };
  // A page of another origin can send a form, but not this type: no site that a person visits may drive the simulator.
  if (!headers["content-type"]?.startsWith("application/json"))
    return { status: 415, body: { error: "the content type has to be application/json" } };
  try {
    return { status: 200, body: (await operation.run(world, parsed(body))) ?? {} };
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    return { status: 400, body: { error: error.message } };
  }
}

const describe = () => ({ operations: Object.fromEntries(Object.entries(OPERATIONS).map(([name, { does }]) => [name, does])) });

function parsed(body) {
  if (body === "") return {};
  try {
    const parameters = JSON.parse(body);
    if (typeof parameters === "object" && parameters !== null && !Array.isArray(parameters)) return parameters;
  } catch {
    // Said below, as for every body that is no object.
  }
  throw new Misuse("the body has to be a JSON object");
}
