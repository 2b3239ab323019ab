// What goes wrong because a test wants it to.

/** What a fault may do with a request. */
const KINDS = ["delay", "answer", "reset", "lose", "hang"];

/**
 * Faults wait for requests that match them. Kinds:
 *
 * - `delay`: the request is served after `ms`
 * - `answer`: it is not served; `status`, `body` and `headers` come back instead
 * - `reset`: the connection breaks before anything is done
 * - `lose`: it is served, and the connection breaks instead of the answer
 * - `hang`: nothing ever comes back
 */
export function createFaults() {
  let waiting = [];
  return {
    /** Adds a fault for the next `times` requests after the first `skip` of those that match `host`, `path` and `method`. */
    add({ kind, host, path, method, times = 1, skip = 0, ...effect }) {
      if (!KINDS.includes(kind)) throw new Error(`a fault is one of ${KINDS.join(", ")}`);
      waiting.push({ kind, host, path, method, times, skip, ...effect });
    },
    /** The fault that this request meets, if any. `method` is the REST method, or `oauth/token`. */
    next(request) {
      for (const fault of waiting.filter((fault) => matches(fault, request))) {
        if (fault.skip > 0) {
          fault.skip -= 1;
          continue;
        }
        fault.times -= 1;
        waiting = waiting.filter(({ times }) => times > 0);
        return fault;
      }
      return undefined;
    },
    all: () => waiting,
    clear() {
      waiting = [];
    },
  };
}

const matches = (fault, request) => ["host", "path", "method"].every((name) => fault[name] === undefined || fault[name] === request[name]);
