// Proves that wrangler.toml and the build are ready to be deployed, without an account.

import { Failure } from "../support/output.mjs";
import { wranglerScript } from "../support/paths.mjs";
import { capture } from "../support/run.mjs";

/** `wrangler deploy --dry-run`, in which a warning counts as a failure. */
export async function checkDeploy({ node, env }) {
  const quiet = { ...env, NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };
  const output = await capture("wrangler deploy --dry-run failed", node, [wranglerScript, "deploy", "--dry-run"], quiet);
  if (/\bwarn(ing)?\b/i.test(output)) throw new Failure("wrangler deploy --dry-run warns", output.trim());
}
