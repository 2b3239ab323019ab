// What the runtime calls, in place of the entry that worker-build makes.
//
// That one has each request go through five proxies and a class of its own, so that an instance of the wasm that ended in a panic is
// replaced by a new one. They cost more than to read the event. Here only the first request after such an end goes through them.
import { DurableObject } from "cloudflare:workers";
import * as relay from "worker-build";

export const { Directory, Portal } = relay;

// Only what extends this class takes commands by RPC, and wasm-bindgen's classes extend nothing.
// <https://developers.cloudflare.com/workers/runtime-apis/rpc/>
for (const Class of [Directory, Portal]) {
  Object.setPrototypeOf(Class, DurableObject);
  Object.setPrototypeOf(Class.prototype, DurableObject.prototype);
}

/** What worker-build knows of the instance: whether it has ended. */
const instance = globalThis.__worker_init_state;
const handlers = relay.default.prototype;

/** An error that WebAssembly throws means that the instance has ended; worker-build looks after those that nobody awaits. */
function noteEnd(error) {
  if (error instanceof WebAssembly.RuntimeError) instance.criticalError = true;
}

function call(name, event, env, context) {
  if (instance.criticalError) return new relay.default(context, env)[name](event);
  const answer = handlers[name].call({ env, ctx: context }, event);
  answer.catch(noteEnd);
  return answer;
}

export default {
  fetch: (request, env, context) => call("fetch", request, env, context),
  scheduled: (event, env, context) => call("scheduled", event, env, context),
};
