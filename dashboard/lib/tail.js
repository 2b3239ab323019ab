// Follows a portal's log. `EventSource` cannot send a token, so the stream is read with `fetch`, and resumed by hand.

import { whileSeen } from "./refresh.js";

/** Milliseconds before it is opened again, the first time and at most. */
const PAUSES = { first: 1_000, most: 30_000 };

/**
 * Calls `onEvent` with each event behind `after` until `signal` ends it, and `onState` with "live", "waiting" or "full". What
 * a filter left out moves the place on, too, so nothing is read twice after a break. While the page is hidden nothing is followed: what
 * comes meanwhile is read when it is seen again.
 */
export async function follow({ api, memberId, query, after, signal, onEvent, onState }) {
  let place = after;
  let pause = PAUSES.first;
  while (!signal.aborted) {
    try {
      await whileSeen(signal, async (seen) => {
        const response = await api.tail(memberId, { ...query, after: place }, seen);
        onState("live");
        pause = PAUSES.first;
        for await (const { id, data } of frames(response.body)) {
          if (id !== undefined) place = Number(id);
          if (data !== undefined) onEvent(JSON.parse(data));
        }
      });
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
      onState(error.code === "too_many_readers" ? "full" : "waiting");
    }
    await sleep(pause, signal);
    pause = Math.min(pause * 2, PAUSES.most);
  }
}

/** The frames of an event stream, each with the fields that this relay sends. */
export async function* frames(body) {
  let rest = "";
  for await (const text of texts(body)) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop();
    for (const part of parts) yield fields(part);
  }
}

async function* texts(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

function fields(frame) {
  const found = {};
  for (const line of frame.split("\n")) {
    const [, name, value] = /^(id|data): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) found[name] = found[name] === undefined ? value : `${found[name]}\n${value}`;
  }
  return found;
}

const sleep = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
