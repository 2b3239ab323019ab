// A record of what happened, numbered, so that a reader can ask for what is new.

/** So many entries are kept; the oldest go first. */
const KEPT = 20_000;

export function createRecord(clock) {
  let entries = [];
  let last = 0;
  return {
    add(entry) {
      const numbered = { seq: (last += 1), at: new Date(clock.now()).toISOString(), ...entry };
      entries.push(numbered);
      if (entries.length > KEPT) entries = entries.slice(-KEPT);
      return numbered;
    },
    /** What came after this number, oldest first. */
    after: (seq = 0) => entries.filter((entry) => entry.seq > seq),
    clear() {
      entries = [];
    },
  };
}
