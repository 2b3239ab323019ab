// What the relay has to reach. Ratios, within one run: figures of one machine mean little on another. `exact` are those that no
// noise touches, which the quick run holds to as well. What `npm test` allows of the size stands in scripts/build/size.mjs.

export const TARGETS = {
  overPeer1: { what: "accepted events/s at 32 connections, against peer 1", least: 2.0, unit: "x" },
  overPeer2: { what: "accepted events/s at 32 connections, against peer 2", least: 1.3, unit: "x" },
  overFloorA: { what: "accepted events/s at 32 connections, against floor A", least: 1.2, unit: "x" },
  slowest: { what: "p99 of the answer at 32 connections, against peer 2", most: 1.0, unit: "x" },
  forwarding: { what: "accepted events/s while forwarding, against log only", least: 0.8, unit: "x" },
  refusedBefore: { what: "forgeries refused/s before the limit, against floor A", least: 0.5, unit: "x" },
  refusedLimited: { what: "forgeries refused/s once limited, against floor B", least: 0.8, unit: "x" },
  besideFlood: { what: "the genuine portal's events/s beside a flood, against alone", least: 0.8, unit: "x" },
  appendMillion: { what: "answer to an event with 1 M events in the log, against none", most: 1.1, unit: "x" },
  pageMillion: { what: "reading a page of a log with 1 M events, against 1,000", most: 1.1, unit: "x" },
  filteredRows: { what: "rows that a filtered call reads of the log", most: 5_000, exact: true },
  rowsAlone: { what: "rows written for an event that comes alone, delivered", most: 3, exact: true },
  requestsAlone: { what: "requests to objects for an event that comes alone, delivered", most: 2, exact: true },
  rowsBurst: { what: "rows written for each event of a burst of 1,000, delivered", most: 1.2, exact: true },
  requestsBurst: { what: "requests to objects for each event of a burst of 1,000, delivered", most: 1.05, exact: true },
  kvReads: { what: "reads of KV for each event of a busy portal", most: 0.05, exact: true },
  memory: { what: "resident memory after 100,000 events, against after 10,000", most: 1.5, unit: "x" },
  size: { what: "wasm and JavaScript, gzipped", most: 300, unit: " kB" },
};

/** Whether a figure reaches its target. */
export function judge(name, value) {
  const { what, least, most, unit = "", exact = false } = TARGETS[name];
  const isReached = least === undefined ? value <= most : value >= least;
  const bound = least === undefined ? `at most ${most.toLocaleString("en-US")}${unit}` : `at least ${least}${unit}`;
  return { name, what, value, unit, bound, isReached, exact };
}
