// What a process took, as Linux tells it. Elsewhere the figures are missing: NaN, which the tables show as a dash.

import { readFileSync, readdirSync } from "node:fs";

const isTold = process.platform === "linux";

/** Processor time of all threads so far, in microseconds. */
export function cpuMicros(pid) {
  if (!isTold) return Number.NaN;
  const nanoseconds = (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + nanoseconds(thread), 0) / 1000;
}

/** Memory that is resident, in MB. */
export function residentMegabytes(pid) {
  if (!isTold) return Number.NaN;
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024) / 1e6;
}
