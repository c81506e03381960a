/**
 * The options of a run of nodes: how a seed draws them, and how a failing run is made smaller.
 */
import type { Workload } from '../../maelstrom/counter-node.ts';
import { type LatencyDistribution, latencyDistributions } from '../sim/latency.ts';
import { type FaultName, faultNames } from '../sim/nemesis.ts';
import { type NetworkModel, networkModels } from '../sim/network.ts';
import { nodeNames } from '../sim/node-names.ts';
import { pick, streams } from '../sim/random.ts';
import type { StoreModel } from './kv-service.ts';

/** A run of `test` or `simulate`. */
export interface RunOptions {
  /** Determines every random choice of the run. */
  readonly seed: number;
  readonly workload: Workload;
  readonly nodeIds: readonly string[];
  /** Clients at work at once, spread evenly over the nodes. */
  readonly concurrency: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  readonly timeLimitMs: number;
  /** How long the cluster rests between healing and the final reads. */
  readonly recoveryTimeMs: number;
  /** How the network behaves: as Maelstrom's, or ideally. */
  readonly network: NetworkModel;
  /** Mean one-way latency between nodes and services. */
  readonly latencyMs: number;
  readonly latencyDistribution: LatencyDistribution;
  readonly faults: ReadonlySet<FaultName>;
  /** Whether one adversary chooses among all faults; otherwise each begins and ends on its own. */
  readonly adversary: boolean;
  readonly nemesisIntervalMs: number;
  readonly storeModel: StoreModel;
}

/**
 * Draws the options of one seed: the adversary or any mixture of faults, a calm or a slow network, few or many nodes and
 * clients.
 */
export function drawOptions(seed: number): RunOptions {
  const random = streams(seed)('options');
  const nodeIds = nodeNames(pick(random, [1, 2, 3, 3, 3, 5, 5, 7]));
  const adversary = pick(streams(seed)('nemesis'), [true, false]);
  return {
    seed,
    workload: 'g-counter',
    nodeIds,
    concurrency: nodeIds.length * pick(random, [1, 1, 2, 5, 10]),
    rate: pick(random, [10, 30, 100, 300]),
    timeLimitMs: 10_000,
    // With a rest, what is late arrives before the final reads; without one, they follow right upon adds.
    recoveryTimeMs: pick(streams(seed)('recovery'), [10_000, 0]),
    network: pick(streams(seed)('network'), networkModels),
    latencyMs: pick(random, [0, 1, 10, 50, 100]),
    latencyDistribution: pick(random, latencyDistributions),
    faults: new Set(faultNames.filter(() => random.next() < 0.5 || adversary)),
    adversary,
    nemesisIntervalMs: pick(random, [500, 1000, 3000, 10_000]),
    storeModel: pick(random, ['random', 'stalest']),
  };
}

/** Each way to make a run simpler, the greatest simplification first. */
export function* smallerOptions(options: RunOptions): Generator<RunOptions> {
  const { nodeIds, concurrency, rate, timeLimitMs, faults, adversary, network, latencyMs, storeModel } =
    options;
  if (faults.size > 1) yield { ...options, faults: new Set(), adversary: false };
  if (adversary) yield { ...options, adversary: false };
  for (const fault of adversary ? [] : faults) {
    yield { ...options, faults: new Set([...faults].filter((other) => other !== fault)) };
  }
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 4 };
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 2 };
  if (nodeIds.length > 1) yield { ...options, nodeIds: nodeIds.slice(0, -1) };
  if (concurrency > 1) yield { ...options, concurrency: concurrency >> 1 };
  if (rate > 10) yield { ...options, rate: rate / 2 };
  if (latencyMs > 0) yield { ...options, latencyMs: 0 };
  if (network !== 'ideal') yield { ...options, network: 'ideal' };
  if (storeModel !== 'latest') yield { ...options, storeModel: 'latest' };
}
