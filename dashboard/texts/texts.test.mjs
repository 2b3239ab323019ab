// Both languages say the same things, and every text that is asked for is there.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { en } from "./en.js";
import { ru } from "./ru.js";

const sources = path.join(import.meta.dirname, "..");

/** Every string literal of the sources, but those of the texts themselves. */
const literals = readdirSync(sources, { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.startsWith("texts"))
  .map((name) => readFileSync(path.join(sources, name), "utf8"))
  .join("\n");

const forms = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry));

const placeholders = (entry) => forms(entry).map((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join());

test("both languages have the same texts, with the same values in them", () => {
  assert.deepEqual(Object.keys(ru).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en)) {
    const named = new Set(placeholders(ru[key]).flatMap((names) => names.split(",")));
    for (const names of placeholders(en[key])) for (const name of names.split(",")) assert.ok(name === "" || named.has(name), `${key}: {${name}}`);
  }
});

test("Russian has a form for every number", () => {
  for (const [key, entry] of Object.entries(ru)) {
    if (typeof entry !== "string") assert.deepEqual(Object.keys(entry).sort(), ["few", "many", "one", "other"], key);
  }
});

test("every text that is asked for by its name is there", () => {
  const asked = [...literals.matchAll(/\bt\("([^"]+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 100);
  assert.deepEqual(asked.filter((key) => en[key] === undefined), []);
});

test("every text is asked for", () => {
  const begun = [...literals.matchAll(/`([a-z.]+\.)\$\{/gi)].map(([, start]) => start);
  const isAsked = (key) => literals.includes(`"${key}"`) || begun.some((start) => key.startsWith(start)) || key.startsWith("problem.");
  assert.deepEqual(Object.keys(en).filter((key) => !isAsked(key)), []);
});
