// The alert rules of docs/alerts.yaml, checked and tested by `promtool`. It comes with Prometheus (Debian: `apt-get install
// prometheus`), not with npm or cargo, so a machine without it skips this, and says so.

import { spawnSync } from "node:child_process";
import { say } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";
import { show } from "../support/run.mjs";

export async function checkAlerts({ env }) {
  if (spawnSync("promtool", ["--version"], { env, stdio: "ignore" }).error) {
    say("   skipped: there is no promtool on this machine (Debian: apt-get install prometheus)");
    return;
  }
  await show("an alert rule is not valid", "promtool", ["check", "rules", inRoot("docs/alerts.yaml")], env);
  await show("an alert is quiet where it must fire, or fires where it must be quiet", "promtool", ["test", "rules", inRoot("docs/alerts.test.yaml")], env);
}
