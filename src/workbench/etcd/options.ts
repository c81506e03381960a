/**
 * The options of a simulated run of servers on etcd: how a seed draws them, and how a failing run is made smaller.
 */
import { type LatencyDistribution, latencyDistributions } from '../sim/latency.ts';
import { nodeNames } from '../sim/node-names.ts';
import { pick, streams } from '../sim/random.ts';

/** The faults that `--nemesis` can name with `-w etcd`. */
export const etcdFaultNames = [
  'cut',
  'loss',
  'duplicate',
  'delay',
  'kill',
  'pause',
  'kill-etcd',
  'cut-etcd',
  'end-lease',
  'compact',
] as const;
export type EtcdFaultName = (typeof etcdFaultNames)[number];

/** A run of `simulate -w etcd`. */
export interface EtcdOptions {
  /** Determines every random choice of the run. */
  readonly seed: number;
  /** The names of the servers. */
  readonly nodeIds: readonly string[];
  /** How many members etcd has. */
  readonly members: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  readonly timeLimitMs: number;
  /** How long clients may need after healing until all their requests are answered. */
  readonly recoveryTimeMs: number;
  /** Mean one-way latency between servers and etcd. */
  readonly latencyMs: number;
  readonly latencyDistribution: LatencyDistribution;
  readonly faults: ReadonlySet<EtcdFaultName>;
  readonly nemesisIntervalMs: number;
}

/** Draws the options of one seed. */
export function drawEtcdOptions(seed: number): EtcdOptions {
  const random = streams(seed)('options');
  return {
    seed,
    nodeIds: nodeNames(pick(random, [1, 2, 2, 3, 3, 5])),
    members: pick(random, [1, 3, 3, 3, 5]),
    rate: pick(random, [5, 20, 60]),
    timeLimitMs: 30_000,
    recoveryTimeMs: 120_000,
    latencyMs: pick(random, [0, 1, 5, 20, 100]),
    latencyDistribution: pick(random, latencyDistributions),
    faults: new Set(etcdFaultNames.filter(() => random.next() < 0.5)),
    nemesisIntervalMs: pick(random, [1000, 3000, 10_000]),
  };
}

/** Each way to make a run simpler, the greatest simplification first. */
export function* smallerEtcdOptions(options: EtcdOptions): Generator<EtcdOptions> {
  const { nodeIds, members, rate, timeLimitMs, faults, latencyMs } = options;
  if (faults.size > 1) yield { ...options, faults: new Set() };
  for (const fault of faults) {
    yield { ...options, faults: new Set([...faults].filter((other) => other !== fault)) };
  }
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 4 };
  if (timeLimitMs > 10) yield { ...options, timeLimitMs: timeLimitMs / 2 };
  if (members > 1) yield { ...options, members: 1 };
  if (nodeIds.length > 1) yield { ...options, nodeIds: nodeIds.slice(0, -1) };
  if (rate > 2) yield { ...options, rate: rate / 2 };
  if (latencyMs > 0) yield { ...options, latencyMs: 0 };
}
