// What a person sees. Colours only on a terminal, and only where the person did not ask for none (https://no-color.org).

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";

const style = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : String(text));

export const bold = style(1);
export const dim = style(2);
export const red = style(31);
export const green = style(32);

export const say = (line = "") => process.stdout.write(`${line}\n`);

/** Seconds since `start` (a value of `Date.now()`), for people: `0.4 s`, `83 s`. */
export function since(start) {
  const seconds = (Date.now() - start) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

/** A failure that the person can mend: what is wrong, and what to do. Printed without a stack trace. */
export class Failure extends Error {
  constructor(what, remedy = []) {
    super(what);
    this.remedy = [remedy].flat();
  }
}

/** Runs a command's main function, prints a `Failure` for people, and sets the exit code. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`\n${red(bold(`Failed: ${error.message}`))}\n`);
    for (const line of error.remedy) process.stderr.write(`${line}\n`);
  }
}
