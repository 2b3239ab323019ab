// What cannot be subscribed to is read again from time to time, while somebody looks.

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
