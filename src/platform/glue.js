// The few lines of JavaScript that spare crossings between JavaScript and wasm: a text each way, instead of a call for each header.

/** What most requests are asked for, in one text: a line each, empty where it is not there. */
export function headOf(request, names) {
  const { headers } = request;
  let head = `${request.method}\n${request.url}`;
  for (const name of names.split(" ")) head += `\n${headers.get(name) ?? ""}`;
  return head;
}

const MAX_KNOWN_HEADS = 100;
const knownHeads = new Map();

/** A response. `head` has a header a line, name and value with a space between; most responses have one of a few. */
export function respond(status, head, body) {
  const key = `${status}\n${head}`;
  let init = knownHeads.get(key);
  if (init === undefined) {
    const cut = (line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
    init = { status, headers: new Headers(head.split("\n").filter(Boolean).map(cut)) };
    if (knownHeads.size < MAX_KNOWN_HEADS) knownHeads.set(key, init);
  }
  return new Response(body, init);
}
