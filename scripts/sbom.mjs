// `npm run sbom`: writes what the deployed Worker is made of, as CycloneDX, to target/sbom.json.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { installRust } from "./setup/rust.mjs";
import { cratesInWasm } from "./supply/crates.mjs";
import { main, say } from "./support/output.mjs";
import { inRoot } from "./support/paths.mjs";

await main(async () => {
  const crates = await cratesInWasm({ ...process.env, ...(await installRust()) });
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  const { name, version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": name, name, version } },
    components: crates.map((crate) => ({
      type: "library",
      "bom-ref": crate.purl,
      name: crate.name,
      version: crate.version,
      purl: crate.purl,
      hashes: [{ alg: "SHA-256", content: checksumOf(crate, lock) }],
      licenses: [{ expression: crate.license.replaceAll("/", " OR ") }],
    })),
  };
  mkdirSync(inRoot("target"), { recursive: true });
  writeFileSync(inRoot("target", "sbom.json"), `${JSON.stringify(bill, null, 2)}\n`);
  say(`target/sbom.json lists the ${crates.length} crates in the Worker.`);
});

/** What cargo checks each download against. */
function checksumOf({ name, version }, lock) {
  const entry = new RegExp(`^name = "${name}"\nversion = "${version.replaceAll(/[.+]/g, "\\$&")}"\nsource = .*\nchecksum = "([0-9a-f]{64})"`, "m").exec(lock);
  if (entry === null) throw new Error(`Cargo.lock has no checksum of ${name} ${version}`);
  return entry[1];
}
