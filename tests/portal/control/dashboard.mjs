// The page with which a person drives the simulator: the control API as buttons, and what happened.

import { readFileSync } from "node:fs";

export const dashboard = () => readFileSync(new URL("dashboard.html", import.meta.url), "utf8");
