// Prints what wrangler reads from a wrangler.toml, as options of Miniflare: so no binding is written down twice.
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const { workerOptions } = unstable_getMiniflareWorkerOptions(process.argv[2]);
// The modules are the test's own affair.
delete workerOptions.modulesRules;
delete workerOptions.rootPath;
console.log(JSON.stringify(workerOptions));
