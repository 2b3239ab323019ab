// What the demo keeps between runs and shares with `npm run send`: random secrets, one set per checkout, and the addresses.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "../support/paths.mjs";

export const stateDirectory = inRoot(".wrangler");

const file = inRoot(".wrangler", "demo.json");

/** The settings of the last run, or fresh secrets. */
export function load() {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  return { adminToken: randomBytes(32).toString("base64url"), forwardSecret: `whsec_${randomBytes(32).toString("base64")}` };
}

/** Adds to the settings. Only the owner of the checkout may read them. */
export function save(settings, changes) {
  Object.assign(settings, changes);
  mkdirSync(stateDirectory, { recursive: true });
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}
