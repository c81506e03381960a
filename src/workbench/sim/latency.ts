/**
 * Draws how long messages take, with the distributions of Maelstrom's `--latency-dist`.
 */
import type { Random } from '../../runtime/random.ts';

export const latencyDistributions = ['constant', 'uniform', 'exponential'] as const;
export type LatencyDistribution = (typeof latencyDistributions)[number];

/** Returns a function that draws one-way latencies in ms with the given mean. */
export function latencySampler(
  distribution: LatencyDistribution,
  meanMs: number,
  random: Random,
): () => number {
  switch (distribution) {
    case 'constant':
      return () => meanMs;
    case 'uniform':
      return () => random.next() * 2 * meanMs;
    case 'exponential':
      return () => -Math.log(1 - random.next()) * meanMs;
  }
}
