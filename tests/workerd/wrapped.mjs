// The relay's own entry, with objects in classes that pass on no more than the handlers that the platform has, as an entry of the
// operator's may wrap them: one takes no command by RPC, the other nothing at all by RPC. For tests only.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

export class Portal extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.object = new relay.Portal(state, env);
  }
  fetch(request) {
    return this.object.fetch(request);
  }
  alarm(information) {
    return this.object.alarm(information);
  }
}

export class Directory {
  constructor(state, env) {
    this.object = new relay.Directory(state, env);
  }
  fetch(request) {
    return this.object.fetch(request);
  }
  alarm(information) {
    return this.object.alarm(information);
  }
}

export { default } from "./index.js";
