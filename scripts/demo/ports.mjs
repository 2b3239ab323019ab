// The demo's ports: the same ones at every run, unless somebody else has them.

import { createServer } from "node:net";
import { Failure } from "../support/output.mjs";

export const RELAY_PORT = 8787;
export const RECEIVER_PORT = 8797;
export const PORTAL_PORT = 8807;

/** So many ports from the usual one on are tried. */
const TRIES = 10;

/** The first free loopback port from `usual` on. */
export async function freePort(usual) {
  for (let port = usual; port < usual + TRIES; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Failure(`no port from ${usual} to ${usual + TRIES - 1} is free`, `See who has them: lsof -nP -iTCP:${usual} -sTCP:LISTEN`);
}

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
