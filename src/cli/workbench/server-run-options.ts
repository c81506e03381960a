/**
 * The flags that simulated runs of servers have in common, among peers and on etcd.
 */
import { latencyDistributions } from '../../workbench/sim/latency.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import type { ServerRunOptions } from '../../workbench/sim/server-run.ts';
import { UsageError, choiceFrom, numberFrom } from '../arguments.ts';

/** As given. The last ones are for runs of nodes only. */
export interface ServerRunFlags {
  readonly 'node-count'?: string | undefined;
  readonly rate?: string | undefined;
  readonly 'time-limit'?: string | undefined;
  readonly 'recovery-time'?: string | undefined;
  readonly latency?: string | undefined;
  readonly 'latency-dist'?: string | undefined;
  readonly nemesis?: string | undefined;
  readonly 'nemesis-interval'?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly 'store-model'?: string | undefined;
  readonly network?: string | undefined;
  readonly check?: string | undefined;
}

/** What they set: all but the faults, whose names differ. */
type CommonOptions = Omit<ServerRunOptions, 'faults'>;

/** Returns `base`, changed by the flags that are given. Throws a UsageError, also for those that are for nodes. */
export function applyServerRunFlags(
  base: CommonOptions,
  flags: ServerRunFlags,
  workload: string,
): CommonOptions {
  for (const flag of ['concurrency', 'store-model', 'network', 'check'] as const) {
    if (flags[flag] !== undefined) throw new UsageError(`--${flag} does not go with -w ${workload}`);
  }
  type Numeric = 'rate' | 'latency' | 'time-limit' | 'recovery-time' | 'nemesis-interval';
  const number = (flag: Numeric, fallback: number, unit = 1, min = 0): number =>
    flags[flag] === undefined ? fallback : unit * numberFrom(flag, flags[flag], { min });
  const count = flags['node-count'];
  return {
    seed: base.seed,
    nodeIds:
      count === undefined
        ? base.nodeIds
        : nodeNames(numberFrom('node-count', count, { min: 1, max: 200, integer: true })),
    rate: number('rate', base.rate, 1, 0.001),
    timeLimitMs: number('time-limit', base.timeLimitMs, 1000),
    recoveryTimeMs: number('recovery-time', base.recoveryTimeMs, 1000),
    latencyMs: number('latency', base.latencyMs),
    latencyDistribution: choiceFrom(
      'latency-dist',
      flags['latency-dist'] ?? base.latencyDistribution,
      latencyDistributions,
    ),
    nemesisIntervalMs: number('nemesis-interval', base.nemesisIntervalMs, 1000, 0.001),
  };
}

/** Returns the flags that give exactly these options. */
export const toServerRunFlags = (options: ServerRunOptions): string[] => [
  `--seed ${options.seed}`,
  `--node-count ${options.nodeIds.length}`,
  `--rate ${options.rate}`,
  `--time-limit ${options.timeLimitMs / 1000}`,
  `--recovery-time ${options.recoveryTimeMs / 1000}`,
  `--latency ${options.latencyMs}`,
  `--latency-dist ${options.latencyDistribution}`,
  ...(options.faults.size > 0 ? [`--nemesis ${[...options.faults].join(',')}`] : []),
  `--nemesis-interval ${options.nemesisIntervalMs / 1000}`,
];

/** Describes, in part of a line, what runs, how much it has to do, and what goes wrong. */
export function describeServerRun(options: ServerRunOptions): string {
  const { nodeIds, faults, rate, timeLimitMs, latencyMs, latencyDistribution, nemesisIntervalMs } = options;
  return [
    `${nodeIds.join(' ')}, ${rate} operations/s for ${timeLimitMs / 1000} s`,
    latencyMs === 0 ? '' : `, latency ${latencyMs} ms ${latencyDistribution}`,
    faults.size === 0 ? '' : `, ${[...faults].join(' ')} every ${nemesisIntervalMs / 1000} s`,
  ].join('');
}
