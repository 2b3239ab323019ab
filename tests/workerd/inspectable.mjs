// The relay's own entry, for tests only; everything is passed on unchanged, but that
// - the objects tell when their memory begins;
// - every answer tells in `x-boot-id` which instance of the wasm gave it. A panic would end that instance, and the next
//   request would make a new one;
// - a request for /after-a-panic finds the instance ended, as if one before had panicked.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

const PANIC = "/after-a-panic";

const inspectable = (RustClass) =>
  class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      this.object = new RustClass(state, env);
      // The memory of an object begins here: once more after it was evicted or has slept.
      console.log(`born ${state.id.name}`);
    }
    fetch(request) {
      return this.object.fetch(request);
    }
    command(text) {
      return this.object.command(text);
    }
    alarm(information) {
      return this.object.alarm(information);
    }
    webSocketMessage(...what) {
      return this.object.webSocketMessage(...what);
    }
    webSocketClose(...what) {
      return this.object.webSocketClose(...what);
    }
    webSocketError(...what) {
      return this.object.webSocketError(...what);
    }
  };

export const Portal = inspectable(relay.Portal);
export const Directory = inspectable(relay.Directory);

// The first request sets it: there is no randomness before.
let isolate;

export default {
  ...relay.default,
  async fetch(request, ...bindings) {
    isolate ??= crypto.randomUUID();
    if (new URL(request.url).pathname === PANIC) globalThis.__worker_init_state.criticalError = true;
    const response = await relay.default.fetch(request, ...bindings);
    const answer = new Response(response.body, response);
    // worker-build counts the instances of the wasm.
    answer.headers.set("x-boot-id", `${isolate} ${globalThis.__worker_init_state.instanceId}`);
    return answer;
  },
};
