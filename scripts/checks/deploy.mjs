// Proves that wrangler.toml and the build are ready to be deployed, without an account, and so is every binding that the
// operator's guide shows.

import { readFile, rm, writeFile } from "node:fs/promises";
import { Failure } from "../support/output.mjs";
import { inRoot, wranglerScript } from "../support/paths.mjs";
import { capture } from "../support/run.mjs";

/** Where the guide shows bindings. */
const SECTION = "## Endpoints that are not on the internet";
/** A configuration for the time of one run: beside the real one, since paths in it are relative. */
const EXAMPLE = inRoot("wrangler.examples.toml");

/** `wrangler deploy --dry-run`, in which a warning counts as a failure; then the same with the guide's bindings. */
export async function checkDeploy({ node, env }) {
  const quiet = { ...env, NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };
  const dryRun = (more) =>
    capture("wrangler deploy --dry-run failed", node, [wranglerScript, "deploy", "--dry-run", ...more], quiet);
  const output = await dryRun([]);
  if (/\bwarn(ing)?\b/i.test(output)) throw new Failure("wrangler deploy --dry-run warns", output.trim());
  const configuration = await readFile(inRoot("wrangler.toml"), "utf8");
  const examples = examplesOf(await readFile(inRoot("docs/OPERATIONS.md"), "utf8"));
  try {
    await writeFile(EXAMPLE, [configuration, ...examples.map(({ toml }) => toml)].join("\n"));
    const listed = await dryRun(["--config", EXAMPLE]);
    for (const { binding } of examples) {
      if (!listed.includes(binding)) throw new Failure(`a binding of docs/OPERATIONS.md is not deployed: ${binding}`, listed.trim());
    }
  } finally {
    await rm(EXAMPLE, { force: true });
  }
}

/** The guide's bindings, each under a name of its own. */
export function examplesOf(guide) {
  const section = guide.split(SECTION)[1]?.split("\n## ")[0] ?? "";
  const blocks = [...section.matchAll(/```toml\n(.*?)```/gs)].map(([, block]) => block);
  if (blocks.length < 4) throw new Failure("docs/OPERATIONS.md shows too few bindings", `${blocks.length}`);
  return blocks.map((block, number) => {
    const name = /binding = "(\w+)"/.exec(block)?.[1];
    const binding = `${name}_${number}`;
    return { binding, toml: block.replace(`binding = "${name}"`, `binding = "${binding}"`) };
  });
}
