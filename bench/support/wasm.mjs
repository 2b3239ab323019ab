// Reads a wasm module as far as it takes to tell what is in it: its sections, and the code of each crate by the names of functions.
// https://webassembly.github.io/spec/core/binary/modules.html

import { readFileSync } from "node:fs";

const SECTIONS = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count"];
const [CUSTOM, IMPORT, CODE] = [0, 2, 10];
const FUNCTION = 0;

/** `{ sections: { <name>: <bytes> }, functions: [{ name, bytes }] }` of the module in a file. */
export function inspect(file) {
  const reader = new Reader(readFileSync(file));
  reader.at = 8;
  const sections = {};
  const sizes = [];
  const names = new Map();
  let imported = 0;
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const length = reader.integer();
    const end = reader.at + length;
    const name = id === CUSTOM ? `custom: ${reader.text()}` : (SECTIONS[id] ?? `${id}`);
    sections[name] = (sections[name] ?? 0) + length;
    if (id === IMPORT) imported = importedFunctions(reader);
    if (id === CODE) for (let left = reader.integer(); left > 0; left -= 1) sizes.push(reader.skip(reader.integer()));
    if (name === "custom: name") readNames(reader, end, names);
    reader.at = end;
  }
  return { sections, functions: sizes.map((bytes, index) => ({ name: names.get(imported + index) ?? "", bytes })) };
}

class Reader {
  at = 0;
  constructor(bytes) {
    this.bytes = bytes;
  }
  get isAtEnd() {
    return this.at >= this.bytes.length;
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** LEB128. */
  integer() {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
  skip(length) {
    this.at += length;
    return length;
  }
  text() {
    const length = this.integer();
    return this.bytes.toString("utf8", this.at, this.at + this.skip(length));
  }
}

function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.integer(); left > 0; left -= 1) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === FUNCTION) functions += 1;
    skipType(reader, kind);
  }
  return functions;
}

/** The type of an import: of a function, a table, a memory, a global or a tag. */
function skipType(reader, kind) {
  const limits = () => {
    const hasMost = (reader.byte() & 1) === 1;
    reader.integer();
    if (hasMost) reader.integer();
  };
  if (kind === FUNCTION) reader.integer();
  if (kind === 1 || kind === 3) reader.byte();
  if (kind === 1 || kind === 2) limits();
  if (kind === 3) reader.byte();
  if (kind === 4) reader.skip(1), reader.integer();
}

function readNames(reader, end, names) {
  while (reader.at < end) {
    const kind = reader.byte();
    const length = reader.integer();
    const next = reader.at + length;
    if (kind === 1) for (let left = reader.integer(); left > 0; left -= 1) names.set(reader.integer(), reader.text());
    reader.at = next;
  }
}

/** The crate that a function is of: the first one in its name, behind the brackets of a trait's implementation. */
export function crateOf(name) {
  const [, crate] = /([a-z][a-z0-9_]*)(?:\[[0-9a-f]+\])?::/.exec(name.replace(/^_+/, "").replace(/&|mut |dyn |impl |\(|</g, " ")) ?? [];
  return crate ?? "other";
}
