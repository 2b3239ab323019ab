// Installs what package-lock.json names, when it is not there yet or the lock file has changed.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Failure, say, since } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";
import { capture } from "../support/run.mjs";

const stamp = inRoot("node_modules", ".installed-lock");

export async function installPackages() {
  const lock = createHash("sha256").update(readFileSync(inRoot("package-lock.json"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  const start = Date.now();
  say("Installing the npm packages of package-lock.json (once, under a minute) ...");
  // No install scripts: nothing of the packages runs before it is used. What they would fetch is locked here as packages.
  // `--include`: workerd and esbuild are optional packages, and NODE_ENV=production must not leave anything out.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--include=dev", "--include=optional"];
  await capture("the npm packages could not be installed", "npm", args, withoutOwnNode()).catch(explain);
  writeFileSync(stamp, lock);
  say(`  done in ${since(start)}`);
}

/** `npm run` puts node_modules/.bin first, where this project's own Node lies; `npm ci` would delete it while it runs. */
function withoutOwnNode() {
  const own = inRoot("node_modules");
  const entries = (process.env.PATH ?? "").split(":").filter((entry) => !entry.startsWith(own));
  return { ...process.env, PATH: entries.join(":") };
}

function explain(failure) {
  const text = failure.remedy.join("\n");
  if (/ENOENT/.test(text) && /spawn npm/.test(text)) {
    throw new Failure("npm is missing", "Install Node 20 or later with npm: https://nodejs.org/en/download");
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(text)) {
    failure.remedy.push("The package registry cannot be reached. Set-up needs it once; later runs need no network.");
  }
  throw failure;
}
