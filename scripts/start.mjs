// `npm start`: set-up, then the main job from end to end on this machine; `demo/demo.mjs` is what one sees.

import { build, shipped } from "./build/worker.mjs";
import { setUp } from "./setup/setup.mjs";
import { main } from "./support/output.mjs";

await main(async () => {
  const { node, env } = await setUp();
  await build(shipped, env);
  // Only now: it uses npm packages, which set-up installs.
  const { runDemo } = await import("./demo/demo.mjs");
  await runDemo({ node, env });
});
