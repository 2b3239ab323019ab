// The relay's own entry, with objects that count what the platform bills: requests, alarms included, and rows written, each
// `setAlarm` as one more (<https://developers.cloudflare.com/durable-objects/platform/pricing/>). Rows are counted by the
// runtime: a cursor tells how many its statement wrote, indexes included, and read. For tests and the benchmark only; everything is
// passed on unchanged.
import { DurableObject } from "cloudflare:workers";
import * as relay from "./index.js";

const PATH = "/counted-by-the-runtime";
const counts = {};

const passOn = (target, own) =>
  new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name];
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

function counted(name, RustClass) {
  const count = { requests: 0, alarms: 0, rowsWritten: 0, rowsRead: 0, alarmsSet: 0, cursors: [] };
  counts[name] = count;
  const watched = (state) => {
    const { storage } = state;
    const sql = passOn(storage.sql, {
      exec(...statement) {
        const cursor = storage.sql.exec(...statement);
        // It knows all only when it was read to its end, so it is asked later.
        count.cursors.push(cursor);
        return cursor;
      },
    });
    const setAlarm = (...at) => {
      count.alarmsSet += 1;
      return storage.setAlarm(...at);
    };
    return passOn(state, { storage: passOn(storage, { sql, setAlarm }) });
  };
  return class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      this.object = new RustClass(watched(state), env);
    }
    fetch(request) {
      count.requests += 1;
      return this.object.fetch(request);
    }
    command(text) {
      count.requests += 1;
      return this.object.command(text);
    }
    alarm(information) {
      count.alarms += 1;
      return this.object.alarm(information);
    }
  };
}

export const Portal = counted("Portal", relay.Portal);
export const Directory = counted("Directory", relay.Directory);

// Objects live in the isolate that answers, at least here.
export default {
  ...relay.default,
  fetch(request, ...bindings) {
    if (new URL(request.url).pathname !== PATH) return relay.default.fetch(request, ...bindings);
    for (const count of Object.values(counts)) {
      for (const { rowsWritten, rowsRead } of count.cursors) {
        count.rowsWritten += rowsWritten;
        count.rowsRead += rowsRead;
      }
      count.cursors = [];
    }
    return Response.json(counts);
  },
};
