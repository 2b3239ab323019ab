// What a histogram of delivery times says.

/** The histograms of several destinations as one; nothing where none was measured. All of a release have the same bounds. */
export function together(histograms) {
  const [first, ...rest] = histograms.filter((histogram) => histogram !== undefined);
  if (first === undefined) return undefined;
  const alike = rest.filter(({ counts }) => counts.length === first.counts.length);
  return { ...first, counts: first.counts.map((count, index) => alike.reduce((sum, { counts }) => sum + counts[index], count)) };
}

/**
 * `{ bars, total, median, ninetyFifth }` of `{ le_seconds, counts }`, whose counts are each of what is over the bound before
 * and within its own; one more count is of what is over all bounds. The two percentiles are the bound within which so many are.
 */
export function readLatency({ le_seconds: bounds, counts }) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const within = (share) => {
    let sum = 0;
    const index = counts.findIndex((count) => (sum += count) >= total * share);
    return bounds[index];
  };
  const bars = counts.map((count, index) => ({ count, bound: bounds[index] }));
  return { bars, total, median: within(0.5), ninetyFifth: within(0.95) };
}
