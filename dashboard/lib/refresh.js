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

/** Calls `read` at once, and then whenever `seconds` have passed since it ended and the page can be seen. */
export function repeat(seconds, signal, read) {
  let timer;
  let isReading = false;
  const run = async () => {
    clearTimeout(timer);
    if (signal.aborted || isReading) return;
    isReading = true;
    try {
      if (!document.hidden) await read();
    } finally {
      isReading = false;
      if (!signal.aborted && !document.hidden) timer = setTimeout(run, seconds * 1_000);
    }
  };
  document.addEventListener("visibilitychange", run, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  run();
  return run;
}
