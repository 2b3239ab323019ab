// `npm run build`, and the build command of wrangler.toml: the worker as it is shipped, in build/.

import { checkSize } from "./build/size.mjs";
import { build, shipped } from "./build/worker.mjs";
import { setUp } from "./setup/setup.mjs";
import { main, say } from "./support/output.mjs";

await main(async () => {
  const { env } = await setUp();
  await build(shipped, env);
  say(`The worker is built: ${checkSize()}`);
});
