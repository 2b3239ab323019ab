// The time of the simulated world. It runs as the machine's does, and can be set forward.

/** A clock; `fixed`, in milliseconds since 1970, makes it stand still, for runs that are alike to the byte. */
export function createClock(fixed) {
  let ahead = 0;
  return {
    /** Milliseconds since 1970. */
    now: () => (fixed ?? Date.now()) + ahead,
    /** Unix seconds, as Bitrix24 writes times. */
    seconds: () => Math.floor(((fixed ?? Date.now()) + ahead) / 1000),
    /** Lets time pass for tokens and limits; nobody waits for it. */
    advance(seconds) {
      ahead += seconds * 1000;
    },
  };
}
