// Rounds that are interleaved, and what they come to. Noise that lasts longer than a round touches all candidates alike.

/**
 * Measures every candidate, or every worker that runs, once in each round. The order turns, so that none is always measured first.
 *
 * Returns a list of rounds: each the outcomes by the candidate's name.
 */
export async function interleaved(rounds, candidates, measure) {
  const outcomes = [];
  for (let round = 0; round < rounds; round += 1) {
    const outcome = {};
    for (let turn = 0; turn < candidates.length; turn += 1) {
      const candidate = candidates[(round + turn) % candidates.length];
      outcome[candidate.name] = await measure(candidate);
    }
    outcomes.push(outcome);
  }
  return outcomes;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which so many percent of the others are. */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
}

/** The median of what `pick` finds in each round. */
export const over = (rounds, pick) => median(rounds.map(pick));
