// Bounds a wait in time.

/** What `promise` comes to, or `undefined` if that takes longer than `milliseconds`. */
export async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
