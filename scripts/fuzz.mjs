// `npm run fuzz -- <seconds> [target ...]`: runs each fuzz target for so many seconds, as many at a time as there are cores.

import { fuzzAll, targets } from "./checks/fuzz.mjs";
import { installRust } from "./setup/rust.mjs";
import { Failure, bold, green, main, say } from "./support/output.mjs";

await main(async () => {
  const [seconds, ...wanted] = process.argv.slice(2);
  const known = targets();
  const strange = wanted.filter((target) => !known.includes(target));
  if (!/^[1-9]\d*$/.test(seconds ?? "") || strange.length > 0) {
    throw new Failure("how many seconds per target?", ["npm run fuzz -- 60", "npm run fuzz -- 1800 form event", `The targets: ${known.join(", ")}`]);
  }
  await fuzzAll(seconds, wanted.length > 0 ? wanted : known, { ...process.env, ...(await installRust()) });
  say(green(bold("No target found anything.")));
});
