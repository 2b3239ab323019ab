// Where things are. Every path is absolute, so that no script depends on the directory it is started from.

import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export const inRoot = (...parts) => path.join(root, ...parts);

/** Tools that cargo compiles: `bin/` and cargo's own record of what is in it. */
export const toolsDirectory = inRoot(".tools");

/** The worker that is shipped. `main` of wrangler.toml points into it. */
export const shippedBuild = inRoot("build");

/** The same before wasm-opt made it smaller, for the tests: it saves twenty seconds per build. */
export const testBuild = inRoot("target", "worker-test");

export const wranglerScript = inRoot("node_modules", "wrangler", "bin", "wrangler.js");
