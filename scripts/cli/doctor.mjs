// `doctor`: looks at a relay from outside, and tells what is wrong, each with what to do about it.

import { bold, green, red, say } from "../support/output.mjs";
import { examine } from "./doctor/examine.mjs";

export async function doctor({ api, options }) {
  const findings = await examine(api, Date.now(), { sendsTests: !options["no-test"] });
  if (options.json) say(JSON.stringify({ findings }));
  else report(findings);
  if (findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

function report(findings) {
  if (findings.length === 0) return say(green("Nothing is wrong."));
  for (const { severity, what, remedy } of findings) {
    say(`${severity === "error" ? red(bold("error  ")) : bold("warning")}  ${what}`);
    say(`         ${remedy}`);
  }
}
