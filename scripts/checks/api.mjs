// Whether the relay answers as docs/openapi.json says.

import { build, forTests } from "../build/worker.mjs";
import { inRoot, testBuild } from "../support/paths.mjs";
import { show } from "../support/run.mjs";

/** Builds the worker, and has schemathesis ask it. */
export async function askApi({ node, env }) {
  await build(forTests, env);
  await show("the relay is not as described", node, [inRoot("tests", "api", "described.mjs")], { ...env, RELAY_TEST_BUILD: testBuild });
}
