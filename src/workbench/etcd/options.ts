/**
 * The options of a simulated run of servers on etcd: how a seed draws them, and how a failing run is made smaller.
 */
import { latencyDistributions } from '../sim/latency.ts';
import { nodeNames } from '../sim/node-names.ts';
import { pick, streams } from '../sim/random.ts';
import { type ServerRunOptions, smallerServerRuns } from '../sim/server-run.ts';

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
export interface EtcdOptions extends ServerRunOptions<EtcdFaultName> {
  /** How many members etcd has. */
  readonly members: number;
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
  yield* smallerServerRuns(options, 1);
  if (options.members > 1) yield { ...options, members: 1 };
}
