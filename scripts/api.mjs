// `npm run api`: asks a relay on this machine whatever its description allows. `npm test` does it too.

import { askApi } from "./checks/api.mjs";
import { setUp } from "./setup/setup.mjs";
import { main } from "./support/output.mjs";

await main(async () => askApi(await setUp()));
