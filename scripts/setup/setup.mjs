// Everything that a fresh machine lacks, in order. What is there already is only looked at, which takes a tenth of a second.

import path from "node:path";
import { inRoot, toolsDirectory } from "../support/paths.mjs";
import { nodeForWrangler, requireNodeForScripts } from "./node.mjs";
import { installPackages } from "./packages.mjs";
import { installRust } from "./rust.mjs";
import { installTools } from "./tools.mjs";

/**
 * Installs what is missing.
 *
 * Returns `node`, a Node that runs wrangler, and `env`, the environment in which cargo, worker-build and wrangler are the
 * pinned ones.
 */
export async function setUp() {
  requireNodeForScripts();
  await installPackages();
  const node = nodeForWrangler();
  const rust = await installRust();
  await installTools({ ...process.env, ...rust });
  const bin = inRoot("node_modules", ".bin");
  return {
    node,
    env: {
      ...process.env,
      ...rust,
      PATH: [path.dirname(node), bin, rust.PATH].join(":"),
      WASM_BINDGEN_BIN: path.join(toolsDirectory, "bin", "wasm-bindgen"),
      WASM_OPT_BIN: path.join(bin, "wasm-opt"),
      ESBUILD_BIN: path.join(bin, "esbuild"),
    },
  };
}
