// The relay's own entry, with objects that Miniflare can look into: a class of wasm-bindgen does not extend DurableObject,
// which the inspection wants. For tests only; everything is passed on unchanged.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

const inspectable = (RustClass) =>
  class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      this.object = new RustClass(state, env);
    }
    fetch(request) {
      return this.object.fetch(request);
    }
    alarm(information) {
      return this.object.alarm(information);
    }
  };

export const Portal = inspectable(relay.Portal);
export const Directory = inspectable(relay.Directory);
export { default } from "./index.js";
