// Bundles the dashboard with esbuild, unless it is bundled already: one script, one style sheet, and what they need.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { inRoot, shippedBuild } from "../support/paths.mjs";
import { inputsOf, isCurrent, stamp } from "./fingerprint.mjs";

const DIRECTORY = path.join(shippedBuild, "dashboard");
/** What `[assets]` of wrangler.toml serves, in the tests too. The stamp lies outside it. */
const PUBLIC = path.join(DIRECTORY, "public");
const SOURCES = inRoot("dashboard");

/** Files that are served as they are; `_headers` is read by the platform. */
const COPIED = [
  ["index.html", "index.html"],
  ["_headers", "_headers"],
  ["icon.svg", "dashboard/icon.svg"],
];

const TRACKED = {
  inputs: ["dashboard", "package-lock.json", "scripts/build/dashboard.mjs"],
  outputs: ["index.html", "_headers", "dashboard/main.js", "dashboard/main.css"].map((name) => `public/${name}`),
};

const OPTIONS = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2023",
  charset: "utf8",
  legalComments: "none",
  loader: { ".woff2": "file" },
  assetNames: "[name]",
};

/** Bundles it into `build/dashboard`. */
export async function buildDashboard() {
  const inputs = inputsOf(OPTIONS, TRACKED.inputs);
  if (isCurrent(DIRECTORY, inputs, TRACKED.outputs)) return;
  // Installed by set-up, which comes before.
  const { build } = await import("esbuild");
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(path.join(PUBLIC, "dashboard"), { recursive: true });
  await build({
    ...OPTIONS,
    entryPoints: [path.join(SOURCES, "main.js"), path.join(SOURCES, "main.css")],
    outdir: path.join(PUBLIC, "dashboard"),
    logLevel: "warning",
  });
  for (const [from, to] of COPIED) cpSync(path.join(SOURCES, from), path.join(PUBLIC, to));
  stamp(DIRECTORY, inputs, TRACKED.outputs);
}
