// Tables, for a terminal and for a page.

import { number } from "./format.mjs";

/** What was measured against a target, in its unit. */
export const figureOf = ({ value, unit }) => `${number(value)}${unit}`;

export function plainTable({ columns, rows }) {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => width(line[column]))));
  // Words to the left, figures to the right.
  const isFigures = columns.map((_, column) => rows.every((row) => /^[–\d]/.test(row[column])));
  const pad = (text, column) => (isFigures[column] ? " ".repeat(widths[column] - width(text)) + text : text + " ".repeat(widths[column] - width(text)));
  return lines.map((line) => `   ${line.map(pad).join("  ").trimEnd()}`).join("\n");
}

/** Without what colours it. */
const width = (text) => text.replace(/\u001b\[[0-9;]*m/g, "").length;

export function markdownTable({ columns, rows }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(columns), `|${" --- |".repeat(columns.length)}`, ...rows.map(line)].join("\n");
}
