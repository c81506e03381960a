/**
 * Sets of integers as closed ranges. A checker keeps in one which sums are possible when each of many adds may have
 * happened or not: there are exponentially many subsets of such adds, but their sums lie close together.
 */

/** Ascending, neither overlapping nor adjacent: [[3, 5], [9, 9]] is {3, 4, 5, 9}. */
export type Ranges = readonly (readonly [low: number, high: number])[];

/** All sums of `base` and a subset of `deltas`. Adding ascending deltas keeps the ranges, and so the work, few. */
export function subsetSums(base: number, deltas: readonly number[]): Ranges {
  return deltas.toSorted((a, b) => a - b).reduce<Ranges>(withOptional, [[base, base]]);
}

/** The elements of `sums`, each with and without `delta`. */
export function withOptional(sums: Ranges, delta: number): Ranges {
  return union([...sums, ...shifted(sums, delta)]);
}

/** Every element plus `distance`. */
export const shifted = (ranges: Ranges, distance: number): Ranges =>
  ranges.map(([low, high]) => [low + distance, high + distance]);

export const includes = (ranges: Ranges, n: number): boolean =>
  ranges.some(([low, high]) => low <= n && n <= high);

/** In Maelstrom's notation: [3 5] [9 9]. */
export const formatRanges = (ranges: Ranges): string =>
  ranges.map(([low, high]) => `[${low} ${high}]`).join(' ');

function union(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}
