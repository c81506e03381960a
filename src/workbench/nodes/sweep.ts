/**
 * Many simulated runs: what each seed is to be, and what remains of a failing one when everything that it does not
 * need to fail is taken away.
 */
import { latencyDistributions } from '../sim/latency.ts';
import { faultNames } from '../sim/nemesis.ts';
import { pick, streams } from '../sim/random.ts';
import type { RunOptions } from './run.ts';

/** Draws the options of one seed: any mixture of faults, a calm or a slow network, few or many nodes and clients. */
export function drawOptions(seed: number): RunOptions {
  const random = streams(seed)('options');
  const nodeIds = nodeNames(pick(random, [1, 2, 3, 3, 3, 5, 5, 7]));
  return {
    seed,
    workload: 'g-counter',
    nodeIds,
    concurrency: nodeIds.length * pick(random, [1, 1, 2, 5, 10]),
    rate: pick(random, [10, 30, 100, 300]),
    timeLimitMs: 10_000,
    recoveryTimeMs: 10_000,
    latencyMs: pick(random, [0, 1, 10, 50, 100]),
    latencyDistribution: pick(random, latencyDistributions),
    faults: new Set(faultNames.filter(() => random.next() < 0.5)),
    nemesisIntervalMs: pick(random, [500, 1000, 3000, 10_000]),
    storeModel: pick(random, ['random', 'stalest']),
  };
}

/** Nodes are named as by Maelstrom's --node-count. */
export const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

/** Smaller options change every draw after them, so each is given a few seeds to fail with. */
const SEEDS_PER_ATTEMPT = 8;
const MAX_RUNS = 400;

/**
 * Looks for the smallest options under which `fails` still resolves with true, beginning with ones that do. `smaller`
 * gives each way to take something away from options.
 */
export async function shrink<Options extends { readonly seed: number }>(
  failing: Options,
  smaller: (options: Options) => Iterable<Options>,
  fails: (options: Options) => Promise<boolean>,
): Promise<Options> {
  let runs = 0;
  const failingSeed = async (options: Options): Promise<Options | undefined> => {
    for (let attempt = 0; attempt < SEEDS_PER_ATTEMPT && runs < MAX_RUNS; attempt++, runs++) {
      const candidate = { ...options, seed: failing.seed + attempt };
      if (await fails(candidate)) return candidate;
    }
    return undefined;
  };

  let smallest = failing;
  for (let found: Options | undefined = failing; found !== undefined;) {
    smallest = found;
    found = undefined;
    for (const candidate of smaller(smallest)) {
      found = await failingSeed(candidate);
      if (found !== undefined) break;
    }
  }
  return smallest;
}

/** Each way to take something away from a run of nodes, the greatest simplification first. */
export function* smallerOptions(options: RunOptions): Generator<RunOptions> {
  const { nodeIds, concurrency, rate, timeLimitMs, faults, latencyMs, storeModel } = options;
  if (faults.size > 1) yield { ...options, faults: new Set() };
  for (const fault of faults)
    yield { ...options, faults: new Set([...faults].filter((other) => other !== fault)) };
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 4 };
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 2 };
  if (nodeIds.length > 1) yield { ...options, nodeIds: nodeIds.slice(0, -1) };
  if (concurrency > 1) yield { ...options, concurrency: concurrency >> 1 };
  if (rate > 10) yield { ...options, rate: rate / 2 };
  if (latencyMs > 0) yield { ...options, latencyMs: 0 };
  if (storeModel !== 'latest') yield { ...options, storeModel: 'latest' };
}
