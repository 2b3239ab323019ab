// The relay's own entry, with objects that Miniflare can look into: a class of wasm-bindgen does not extend DurableObject,
// which the inspection wants. For tests only; everything is passed on unchanged.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

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
export { default } from "./index.js";
