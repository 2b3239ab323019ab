// What cannot be subscribed to is read again from time to time, while somebody looks.

/**
 * `show`, but only where what is to be shown has changed: what has the focus, or is being read, is not made anew. `forget`
 * is for when something else stands in its place.
 */
export function whenChanged(show) {
  let known;
  const showIfChanged = (value) => {
    const text = JSON.stringify(value) ?? "";
    if (text !== known) show(value);
    known = text;
  };
  return Object.assign(showIfChanged, { forget: () => void (known = undefined) });
}

/**
 * Calls `read` at once, and then whenever `seconds` have passed since it ended and the page can be seen, until it returns false. What
 * is returned calls it now, and begins anew; while it runs already, once more behind it.
 */
export function repeat(seconds, signal, read) {
  let timer;
  let isReading = false;
  let isAsked = false;
  const run = async () => {
    clearTimeout(timer);
    isAsked = true;
    if (isReading) return;
    isReading = true;
    let goesOn;
    try {
      while (isAsked && !signal.aborted && !document.hidden) {
        isAsked = false;
        goesOn = await read();
      }
    } finally {
      isReading = false;
      if (goesOn !== false && !signal.aborted && !document.hidden) timer = setTimeout(run, seconds * 1_000);
    }
  };
  document.addEventListener("visibilitychange", run, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  run();
  return run;
}

/** Does `work` once the page can be seen. Its signal ends with `signal`, and when the page is hidden. */
export async function whileSeen(signal, work) {
  const hiding = new AbortController();
  const over = new AbortController();
  try {
    await new Promise((resolve) => {
      const look = () => {
        if (!document.hidden || signal.aborted) resolve();
      };
      document.addEventListener("visibilitychange", look, { signal: over.signal });
      signal.addEventListener("abort", look, { signal: over.signal });
      look();
    });
    document.addEventListener("visibilitychange", () => document.hidden && hiding.abort(), { signal: over.signal });
    return await work(AbortSignal.any([signal, hiding.signal]));
  } finally {
    over.abort();
  }
}
