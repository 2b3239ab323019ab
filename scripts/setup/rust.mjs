// Sees to it that rustup has the toolchain of rust-toolchain.toml, with its wasm target, and that a linker is there.

import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Failure, say, since } from "../support/output.mjs";
import { inRoot } from "../support/paths.mjs";
import { capture, read } from "../support/run.mjs";

/** Returns the part of the environment that makes every later `cargo` the pinned one. */
export async function installRust() {
  const pin = readPin();
  const env = { ...process.env, PATH: pathWithCargo(), RUSTUP_TOOLCHAIN: pin.channel };
  if (read("rustup", ["--version"], env) === undefined) {
    throw new Failure("rustup is missing", [
      "Install it, and Rust with it: https://rustup.rs",
      `A cargo without rustup is not enough: this project pins Rust ${pin.channel} and a wasm target, which rustup installs.`,
    ]);
  }
  if (!isComplete(pin, env)) {
    const start = Date.now();
    say(`Installing Rust ${pin.channel} with ${pin.targets.join(", ")} (once, under a minute) ...`);
    const lists = [...pin.components.flatMap((name) => ["--component", name]), ...pin.targets.flatMap((name) => ["--target", name])];
    await capture(
      `rustup could not install Rust ${pin.channel}`,
      "rustup",
      ["toolchain", "install", pin.channel, "--profile", "minimal", "--no-self-update", ...lists],
      env,
    );
    say(`  done in ${since(start)}`);
  }
  requireLinker(env);
  return { PATH: env.PATH, RUSTUP_TOOLCHAIN: pin.channel };
}

/** The few keys of rust-toolchain.toml; its form is this project's own, so no TOML reader is needed. */
function readPin() {
  const text = readFileSync(inRoot("rust-toolchain.toml"), "utf8");
  const list = (key) => JSON.parse(new RegExp(`^${key}\\s*=\\s*(\\[.*\\])`, "m").exec(text)[1]);
  return { channel: /^channel\s*=\s*"(.+)"/m.exec(text)[1], targets: list("targets"), components: list("components") };
}

/** rustup's directory, even in a shell that was opened before rustup was installed. */
function pathWithCargo() {
  const cargoBin = path.join(process.env.CARGO_HOME ?? path.join(homedir(), ".cargo"), "bin");
  const entries = (process.env.PATH ?? "").split(":");
  return (entries.includes(cargoBin) ? entries : [...entries, cargoBin]).join(":");
}

function isComplete(pin, env) {
  const rustc = read("rustup", ["which", "--toolchain", pin.channel, "rustc"], env);
  if (!rustc) return false;
  const bin = path.dirname(rustc);
  const targets = pin.targets.every((target) => existsSync(path.join(bin, "..", "lib", "rustlib", target)));
  return targets && existsSync(path.join(bin, "cargo-clippy")) && existsSync(path.join(bin, "rustfmt"));
}

/** Rust links with the system's C compiler, and the tests compile SQLite with it. */
function requireLinker(env) {
  if (read("cc", ["--version"], env) !== undefined) return;
  throw new Failure(
    "there is no C compiler, which Rust needs for linking",
    process.platform === "darwin" ? "Run: xcode-select --install" : "Debian and Ubuntu: sudo apt-get install build-essential. Fedora: sudo dnf install gcc",
  );
}
