// Starts other programs: quietly, in plain view, or with a counter of what cargo has compiled.

import { spawn, spawnSync } from "node:child_process";
import { Failure, dim, say } from "./output.mjs";
import { root } from "./paths.mjs";

/** Standard output of a short command, trimmed; `undefined` if it is not there or fails. */
export function read(command, args, env = process.env) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.trim() : undefined;
}

/** Runs a command whose output the person sees as it comes. Fails with `what` if it ends badly. */
export async function show(what, command, args, env = process.env) {
  const child = spawn(command, args, { cwd: root, env, stdio: "inherit" });
  const { code, error } = await ended(child);
  if (error || code !== 0) throw new Failure(what, error ? error.message : `${commandLine(command, args)} ended with ${code}.`);
}

/** Runs a command and returns all that it printed. Fails with `what` and that output if it ends badly. */
export async function capture(what, command, args, env = process.env) {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = collect(child);
  const { code, error } = await ended(child);
  if (error || code !== 0) throw new Failure(what, [output.join("").trimEnd(), error?.message ?? `${commandLine(command, args)} ended with ${code}.`]);
  return output.join("");
}

/** How often a log that is no terminal gets a line, so that a long step does not look stuck. */
const LINE_EVERY_MS = 20_000;

/**
 * Runs cargo and counts the crates that it compiles. `explain` turns cargo's output into a better remedy, if it knows one.
 */
export async function compile(what, command, args, { env, explain = () => undefined }) {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = collect(child);
  const counter = countCrates(child);
  const { code, error } = await ended(child);
  counter.stop();
  if (!error && code === 0) return;
  const text = output.join("");
  throw new Failure(what, [text.trimEnd(), explain(text) ?? error?.message ?? `${commandLine(command, args)} ended with ${code}.`].flat());
}

function countCrates(child) {
  let count = 0;
  let latest = "";
  let rest = "";
  child.stderr.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const compiling = /^\s*Compiling (\S+)/.exec(line.replace(/\u001b\[[0-9;]*m/g, ""));
      if (compiling) {
        count += 1;
        latest = compiling[1];
      }
    }
  });
  const terminal = process.stdout.isTTY === true;
  const timer = setInterval(() => {
    if (count < 2) return;
    const line = `  ${count} crates so far, now ${latest}`;
    if (terminal) process.stdout.write(`\r\u001b[K${dim(line)}`);
    else say(line);
  }, terminal ? 500 : LINE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      if (terminal) process.stdout.write("\r\u001b[K");
    },
  };
}

function collect(child) {
  const output = [];
  child.stdout.setEncoding("utf8").on("data", (chunk) => output.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk) => output.push(chunk));
  return output;
}

const ended = (child) =>
  new Promise((resolve) => {
    child.on("error", (error) => resolve({ error }));
    child.on("close", (code, signal) => resolve({ code: code ?? signal }));
  });

const commandLine = (command, args) => [command, ...args].join(" ");
