// Deals with a demo of before: one that still runs, or one that was killed and left its relay behind.

import { readFileSync } from "node:fs";
import { Failure } from "../support/output.mjs";
import { read } from "../support/run.mjs";
import { signalGroup } from "./relay.mjs";

/** Two relays would share one set of databases. */
export function refuseSecond({ pid, relay }) {
  if (!runs(pid, "start.mjs")) return;
  throw new Failure(`the demo runs already, at ${relay} (process ${pid})`, [
    "Send it an event: npm run send -- ONCALENDARENTRYADD 77",
    "Or stop it first, with Ctrl-C where it was started.",
  ]);
}

/** Ends the relay of a demo that could not end it itself. */
export function endLeftOver({ relayPid }) {
  if (runs(relayPid, "wrangler")) signalGroup(relayPid, "SIGKILL");
}

/** Whether the process is alive, and is what it was when its id was written down: `mark` stands in its command line. */
function runs(pid, mark) {
  return pid !== undefined && commandLineOf(pid).includes(mark);
}

function commandLineOf(pid) {
  if (process.platform !== "linux") return read("ps", ["-o", "args=", "-p", String(pid)]) ?? "";
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw error;
  }
}
