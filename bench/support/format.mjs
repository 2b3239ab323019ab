// Figures for people.

const missing = "–";
const grouped = (value, digits) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A number with as many digits as mean something. */
export function number(value, digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0) {
  return Number.isFinite(value) ? grouped(value, digits) : missing;
}

export const rate = (value) => number(value, 0);
export const millis = (value) => `${number(value)} ms`;
export const micros = (value) => `${number(value, 0)} µs`;
export const times = (value) => `${number(value, 2)}x`;
export const megabytes = (value) => `${number(value, 0)} MB`;
export const kilobytes = (bytes) => `${number(bytes / 1000, 1)} kB`;
export const percent = (share) => `${number(share * 100)} %`;
