// The relay's own entry, over a platform that fails on order: bindings and objects are wrapped, and a POST of JSON to /faults says
// what fails from then on, `{"<operation>": {"as": "<how>", "times": <n>}}`. What is not named goes well. For tests only; nothing of
// it is in the build.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

const PATH = "/faults";
/** Longer than anybody waits. */
const HANGING_MILLIS = 20_000;
let faults = {};

/** How the operation is to fail this time, if at all. */
function strike(operation) {
  const fault = faults[operation];
  if (!fault || fault.times <= 0) return undefined;
  fault.times -= 1;
  return fault.as;
}

const passOn = (target, own) =>
  new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name];
      const value = target[name];
      // The runtime's bindings want to be called on themselves; a constructor is only looked at.
      return typeof value === "function" && name !== "constructor" ? value.bind(target) : value;
    },
  });

const error = (message, flags = {}) => Object.assign(new Error(message), flags);

/** Errors as <https://developers.cloudflare.com/durable-objects/best-practices/error-handling/> has them. */
function callFailure(how) {
  if (how === "overloaded") return error("Durable Object is overloaded. Too many requests queued.", { overloaded: true });
  return error("Network connection lost.", { retryable: true });
}

function faultyStub(stub) {
  return passOn(stub, {
    async command(text) {
      const how = strike("portal.call");
      if (how === "answer lost") await stub.command(text);
      if (how) throw callFailure(how);
      return stub.command(text);
    },
  });
}

function faultyEnv(env) {
  const kv = (operation) => (...parameters) => {
    const how = strike(operation);
    if (how === "hangs") return scheduler.wait(HANGING_MILLIS);
    if (how) return Promise.reject(error(`KV ${operation} failed: 500 Internal Server Error`));
    return env.INSTALLS[operation.slice(3)](...parameters);
  };
  const own = { get: kv("kv.get"), put: kv("kv.put"), list: kv("kv.list"), delete: kv("kv.delete") };
  const portals = { getByName: (...name) => faultyStub(env.PORTALS.getByName(...name)) };
  return { ...env, INSTALLS: passOn(env.INSTALLS, own), PORTALS: passOn(env.PORTALS, portals) };
}

function faultyState(state, name) {
  const { storage } = state;
  const sql = passOn(storage.sql, {
    exec(statement, ...parameters) {
      const how = statement.startsWith("INSERT INTO log") && strike(`${name}.log`);
      if (how) throw error("database or disk is full: SQLITE_FULL");
      return storage.sql.exec(statement, ...parameters);
    },
  });
  const setAlarm = (...at) => {
    const how = strike(`${name}.alarm`);
    if (how === "lost") return Promise.resolve();
    return how ? Promise.reject(error("Internal error in Durable Object storage caused object to be reset.")) : storage.setAlarm(...at);
  };
  return passOn(state, { storage: passOn(storage, { sql, setAlarm }) });
}

const faulty = (name, RustClass) =>
  class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      this.state = state;
      this.object = new RustClass(faultyState(state, name), faultyEnv(env));
    }
    fetch(request) {
      return this.object.fetch(request);
    }
    async command(text) {
      const how = strike(`${name}.command`);
      if (how === "hangs") await scheduler.wait(HANGING_MILLIS);
      const answer = this.object.command(text);
      if (how === "reset before") this.reset();
      if (how === "reset after") await answer.then(() => this.reset());
      if (how === "answers late") await answer.then(() => scheduler.wait(HANGING_MILLIS));
      return answer;
    }
    /** The platform resets an object whose constructor or critical section fails, as it does where storage fails. */
    reset() {
      this.state.blockConcurrencyWhile(() => Promise.reject(error("reset on order"))).catch(() => {});
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

export const Portal = faulty("portal", relay.Portal);
export const Directory = faulty("directory", relay.Directory);

// Objects live in the isolate that answers, at least here.
export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== PATH) return relay.default.fetch(request, faultyEnv(env), context);
    faults = await request.json();
    return new Response();
  },
  scheduled: (event, env, context) => relay.default.scheduled(event, faultyEnv(env), context),
};
