// `npm run dev`, `npm run deploy`: set-up, then wrangler with the Node that it needs. Arguments are wrangler's.

import { spawn } from "node:child_process";
import { setUp } from "./setup/setup.mjs";
import { main } from "./support/output.mjs";
import { root, wranglerScript } from "./support/paths.mjs";

await main(async () => {
  const { node, env } = await setUp();
  const child = spawn(node, [wranglerScript, ...process.argv.slice(2)], { cwd: root, env, stdio: "inherit" });
  // A terminal's Ctrl-C reaches wrangler by itself. Any other signal is passed on.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => child.on("error", reject).on("close", (code) => resolve(code ?? 1)));
});
