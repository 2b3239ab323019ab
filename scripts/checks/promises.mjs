// Every promise of docs/RELIABILITY.md names what fails where it is broken, and all that it names is there: a test, a file of tests,
// a fuzz target, or a command.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { Failure } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";

const PROMISES = "docs/RELIABILITY.md";
/** Where the same is promised to people, who must find there what shows it. */
const LINKING = ["README.md", "docs/OPERATIONS.md"];
/** Where the files are that are named without their directory. */
const PLACES = ["tests", "scripts", "dashboard", "bench", "docs", "fuzz/fuzz_targets", ".github"];

/** Fails with every promise that nothing shows, and with every name of what is not there. `groups` are those of `npm test`. */
export function checkPromises(groups) {
  const links = (file) => read(file).includes(`](${path.posix.relative(path.posix.dirname(file), PROMISES)}`);
  const unlinked = LINKING.filter((file) => !links(file)).map((file) => `${file} does not lead to ${PROMISES}`);
  const offences = [...offencesIn(read(PROMISES), whatThereIs(groups)), ...unlinked];
  if (offences.length > 0) throw new Failure("a promise without a test, or with one that is not there", offences);
}

/** What is wrong with the page, each as `line: what`. */
export function offencesIn(page, there) {
  let [isCommand, isPromise] = [false, false];
  return page.split("\n").flatMap((line, index) => {
    const cells = line.startsWith("|") ? line.split("|").slice(1, -1).map((cell) => cell.trim()) : [];
    const isHead = cells.at(-1) === "shown by";
    if (line.startsWith("```")) isCommand = !isCommand;
    isPromise = isHead || (isPromise && cells.length > 0);
    const isRow = isPromise && !isHead && !cells[0].startsWith("---");
    const offences = isCommand ? ofCommand(line, there) : isRow ? ofPromise(cells[0], cells.at(-1), there) : ofText(line, there);
    return offences.map((offence) => `${index + 1}: ${offence}`);
  });
}

/** In the last column of a promise all names are of what shows it. */
function ofPromise(promise, shownBy, there) {
  const names = namesIn(shownBy);
  return names.length === 0 ? [`nothing shows it: ${promise}`] : notThere(names, there);
}

/** Elsewhere there are names of other things, so only those are looked at that can be of nothing else. */
function ofText(line, there) {
  const isOfTest = ({ text, isTarget }) => isTarget || /^[\w/.-]+\.(rs|mjs)$/.test(text) || /^\w[\w:]*…$/.test(text);
  return notThere(namesIn(line).filter(isOfTest), there);
}

/** A filter that no test fits shows nothing, and looks like success. */
function ofCommand(line, there) {
  const [, said = ""] = /cargo test (.*?)(\s#.*)?$/.exec(line) ?? [];
  const words = said.split(/\s+/);
  const filters = words.filter((word, at) => /^[a-z]/.test(word) && words[at - 1] !== "--test");
  const unfit = filters.filter((filter) => !there.tests.some(({ name }) => name.includes(filter))).map((filter) => `no test is called ${filter}`);
  const commands = [...line.matchAll(/npm (?:test -- |run )\w+/g)].map(([text]) => ({ text }));
  return [...unfit, ...notThere(commands, there)];
}

const notThere = (names, there) => names.filter((name) => !isThere(name, there)).map(({ text }) => `there is no ${text}`);

/** What stands between backticks, with what is said of it. */
function namesIn(text) {
  return [...text.matchAll(/`([^`]+)`/g)].map(({ 0: whole, 1: name, index }) => ({
    text: name,
    isTarget: text.slice(0, index).endsWith("fuzz target "),
    isInWorkerd: text.slice(index + whole.length).startsWith(" (workerd"),
  }));
}

function isThere({ text, isTarget, isInWorkerd }, there) {
  if (isTarget) return there.files.includes(`fuzz/fuzz_targets/${text}.rs`);
  const [, group] = /^npm test -- (\w+)$/.exec(text) ?? [];
  if (group) return there.groups.includes(group);
  const [, script] = /^npm run (\w+)$/.exec(text) ?? [];
  if (script) return there.scripts.includes(script);
  if (text === "cargo deny check") return there.workflow.includes("cargo deny");
  const isWhere = (file) => !isInWorkerd || file.startsWith("tests/workerd/");
  // A path, or the end of one; of a directory, the start.
  if (/^[\w/.-]*[/.][\w/.-]*$/.test(text)) return there.files.some((file) => isWhere(file) && (`/${file}`.endsWith(`/${text}`) || file.startsWith(`${text}/`)));
  if (text.includes(" ")) return there.titles.some((title) => title.startsWith(text.replace("…", "")));
  // The name of a test or of its module; or the beginning of it.
  const wanted = text.endsWith("…") ? `::${text.slice(0, -1)}` : `::${text}::`;
  return there.tests.some(({ file, name }) => isWhere(file) && `::${name}::`.includes(wanted));
}

function whatThereIs(groups) {
  const files = PLACES.flatMap(filesBelow);
  const tests = files.filter((file) => /^tests\/(it|workerd)\/.*\.rs$/.test(file)).flatMap((file) => testsIn(file, read(file)));
  const titles = files.filter((file) => file.endsWith(".test.mjs")).flatMap((file) => titlesIn(read(file)));
  return { files, tests, titles, groups, scripts: Object.keys(JSON.parse(read("package.json")).scripts), workflow: read(".github/workflows/ci.yml") };
}

/** The tests of a file in Rust, under the names by which `cargo test` knows them. */
export function testsIn(file, text) {
  const module = file.replace(/^tests\/\w+\//, "").replace(/(\/mod)?\.rs$/, "").replaceAll("/", "::");
  // Between `#[test]` and its function there may be other attributes.
  return [...text.matchAll(/#\[test\]\s+(?:#\[.*\]\s+)*fn (\w+)/g)].map(([, name]) => ({ file, name: `${module}::${name}` }));
}

const titlesIn = (text) => [...text.matchAll(/\btest\("(.+?)"/g)].map(([, title]) => title);

function filesBelow(directory) {
  return readdirSync(inRoot(directory), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

function read(file) {
  return readFileSync(inRoot(file), "utf8");
}
