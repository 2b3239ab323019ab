// A candidate in Miniflare. The only argument is JSON: its modules and objects, a directory for what is stored, the compatibility
// settings. Prints its address when it is ready, and lives until its process group is killed.

import { readFileSync } from "node:fs";
import path from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { TOKEN_SHA256, memberId } from "./portals.mjs";

const { modules, objects, state, compatibility } = JSON.parse(process.argv[2]);
const TYPES = { esModule: "ESModule", wasm: "CompiledWasm" };

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    resourcePersistencePath: state,
    workers: [
      {
        name: "candidate",
        ...compatibility,
        modulesRoot: "/",
        modules: modules.map(({ name, type, file }) => ({ type: TYPES[type], path: path.join("/", name), contents: contentsOf(file, type) })),
        kvNamespaces: ["INSTALLS"],
        durableObjects: Object.fromEntries(objects.map(({ binding, className }) => [binding, { className, useSQLite: true }])),
        ratelimits: { UNVERIFIED_LIMIT: { namespace_id: "1001", simple: { limit: 100, period: 60 } } },
      },
    ],
  }),
);
function contentsOf(file, type) {
  return readFileSync(file, type === "esModule" ? "utf8" : undefined);
}

const { origin } = await miniflare.ready;
const tokens = [{ sha256: TOKEN_SHA256, kind: "webhook", status: "active" }];
const installs = await miniflare.getKVNamespace("INSTALLS", "candidate");
await installs.put(`install:${memberId(0)}`, JSON.stringify({ member_id: memberId(0), tokens }));
console.log(origin);
