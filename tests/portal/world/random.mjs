// Random ids and tokens: the same ones for the same seed.

import { createHash, randomBytes } from "node:crypto";

const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A source of random text. Without a seed no two sources are alike. */
export function createRandom(seed = randomBytes(16).toString("hex")) {
  let counter = 0;
  /** One block: SHA-256 of the seed and a number. */
  const block = () =>
    createHash("sha256")
      .update(`${seed}/${(counter += 1)}`)
      .digest();
  const bytes = (length) => {
    const blocks = [];
    for (let have = 0; have < length; have += 32) blocks.push(block());
    return Buffer.concat(blocks).subarray(0, length);
  };
  return {
    /** So many hexadecimal digits. */
    hex: (length) =>
      bytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
    /** So many characters of `0-9a-z`. */
    text: (length) => [...bytes(length)].map((byte) => ALPHANUMERIC[byte % ALPHANUMERIC.length]).join(""),
  };
}
