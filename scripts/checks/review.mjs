// Every crate in the Worker was looked at by a person, who wrote down in docs/DEPENDENCIES.md what it does there.

import { readFileSync } from "node:fs";
import { cratesInWasm } from "../supply/crates.mjs";
import { Failure } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";

const REVIEW = "docs/DEPENDENCIES.md";

/** Fails with every crate that is in the Worker and not in the review, and the other way round. */
export async function checkReview(env) {
  const text = readFileSync(inRoot(REVIEW), "utf8");
  const offences = differences(
    (await cratesInWasm(env)).map(({ name }) => name),
    text,
  );
  if (offences.length > 0) throw new Failure(`${REVIEW} is not what is in the Worker`, offences);
}

/** The first column of each table names crates. */
export function differences(crates, review) {
  const rows = review.split("\n").filter((line) => line.startsWith("| `"));
  const reviewed = rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([\w-]+)`/g)].map((match) => match[1]));
  const missing = [...new Set(crates)].filter((name) => !reviewed.includes(name)).map((name) => `${name}: in the Worker, and not reviewed`);
  const stale = reviewed.filter((name) => !crates.includes(name)).map((name) => `${name}: reviewed, and not in the Worker any more`);
  return [...missing, ...stale];
}
