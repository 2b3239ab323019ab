// The few lines of JavaScript that spare crossings between JavaScript and wasm: a text each way, instead of a call for each header.

// Executors of Rust ask for a microtask each time something goes on. The runtime's own function for it costs ten times what a promise
// does, since it is made for callers whose errors are to be reported.
globalThis.queueMicrotask = (work) => void Promise.resolve().then(work);

/** Tells wasm that what it waits for has come: its number, whether it went well, and the value. */
let tell;

export function onCome(teller) {
  tell = teller;
}

export function awaitPromise(number, promise) {
  // The instance of the wasm that waits, should there be another one by then.
  const told = tell;
  promise.then(
    (value) => told(number, true, value),
    (error) => told(number, false, error),
  );
}

const timers = new Map();

export function startTimer(number, millis) {
  const told = tell;
  timers.set(number, setTimeout(() => told(number, true), millis));
}

export function stopTimer(number) {
  clearTimeout(timers.get(number));
  timers.delete(number);
}

const bells = new Map();

export function hangBell(number) {
  const { promise, resolve } = Promise.withResolvers();
  bells.set(number, resolve);
  awaitPromise(number, promise);
}

export function ringBell(number) {
  const ring = bells.get(number);
  bells.delete(number);
  ring?.();
}

export function takeBellDown(number) {
  bells.delete(number);
}

const late = () => new DOMException("it did not answer in time", "TimeoutError");

/** A fresh stub of an object. `hint` tells where it is created if it is new, and may be empty. */
export function stubOf(env, binding, name, hint) {
  return env[binding].getByName(name, hint ? { locationHint: hint } : undefined);
}

/** Whether objects take commands by RPC. An entry that wraps their classes may pass on no more than the handlers that the platform has. */
let takeCommands = true;

/**
 * Calls an object for so many milliseconds, 0 for as long as it takes: a text there, a promise of a text back. By RPC, since a request and
 * a response for each command cost as much as to carry it out.
 */
export async function callObject(stub, command, millis) {
  let timer;
  const end = (_, reject) => (timer = setTimeout(() => reject(late()), millis));
  const answer = takeCommands ? byRpc(stub, command) : byFetch(stub, command);
  try {
    return await (millis > 0 ? Promise.race([answer, new Promise(end)]) : answer);
  } finally {
    clearTimeout(timer);
  }
}

async function byRpc(stub, command) {
  try {
    return await stub.command(command);
  } catch (error) {
    // Nothing was carried out: `The RPC receiver does not implement the method "command"`, or does not support RPC at all.
    if (!(error instanceof TypeError && error.message.includes("RPC"))) throw error;
    takeCommands = false;
    return byFetch(stub, command);
  }
}

async function byFetch(stub, command) {
  // An object is told apart by its binding; the URL means nothing.
  const response = await stub.fetch("https://object/", { method: "POST", body: command });
  return response.text();
}

/** How `layout` tells what a value is, as object_storage.rs has it; anything else is nothing. */
const [INTEGER, TEXT] = [1, 2];

/**
 * Runs a statement of SQL. Its rows as JSON, a list of lists; nothing where there are none.
 *
 * `texts` are the texts among its values in one, since each crossing costs. `layout` has two numbers for each value: what it is, and the
 * integer or the length of the text.
 */
export function query(sql, statement, texts, layout) {
  const values = [];
  for (let at = 0, start = 0; at < layout.length; at += 2) {
    const number = layout[at + 1];
    if (layout[at] === TEXT) values.push(texts.slice(start, (start += number)));
    else values.push(layout[at] === INTEGER ? number : null);
  }
  const rows = sql.exec(statement, ...values).raw().toArray();
  return rows.length > 0 ? JSON.stringify(rows) : undefined;
}

/** Sends a POST, with headers as a JSON list of pairs. Promises the status and `Retry-After`, a line each. */
export async function post(to, url, headers, body, millis) {
  // The timer of `AbortSignal.timeout` runs on behind the answer, and the runtime lets an object have 10,000.
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(late()), millis);
  try {
    const response = await to.fetch(url, { method: "POST", headers: JSON.parse(headers), body, redirect: "manual", signal: abort.signal });
    // The answer's content means nothing. Whether the rest of it could be refused politely does not matter either.
    if (response.body) await response.body.cancel().catch(() => {});
    return `${response.status}\n${response.headers.get("retry-after") ?? ""}`;
  } finally {
    clearTimeout(timer);
  }
}

/** What most requests are asked for, in one text: a line each, empty where it is not there. */
export function headOf(request, names) {
  const { headers } = request;
  let head = `${request.method}\n${request.url}`;
  for (const name of names) head += `\n${headers.get(name) ?? ""}`;
  return head;
}

/** What a response begins with. `lines` has a header a line, name and value with a space between. */
export function responseInit(status, lines) {
  const cut = (line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
  return { status, headers: new Headers(lines.split("\n").filter(Boolean).map(cut)) };
}
