/**
 * The flags of `simulate -w peers`.
 */
import { latencyDistributions } from '../../workbench/sim/latency.ts';
import { type PeersOptions, peersFaultNames } from '../../workbench/peers/options.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import { UsageError, choiceFrom, choicesFrom, numberFrom } from '../arguments.ts';

export const peersHelp = `With -w peers, it runs a cluster of g-counter-server instead: servers that find
each other and replicate each other's counters, with the shipped store on
simulated disks. There is no key-value store: --store-model, --concurrency and
arguments after -- do not apply.

  --nemesis FAULTS         partition, loss, duplicate, delay, kill and pause, as
                           above, but every other kill is a loss of power, too,
                           which takes what was not synced; and
                             wipe            servers are killed and lose their
                                             disks
                             remove          servers are removed and registered
                                             again
  --clock-skew SHARE       how much clocks may run fast or slow, at most
                           (default 0)
  --floors                 clients also raise counters to lower bounds of their
                           own`;

export const peersOnlySpecs = {
  'clock-skew': { type: 'string' },
  floors: { type: 'boolean' },
} as const;

/** The flags of a run of peers, as given. */
export interface PeersFlags {
  readonly 'node-count'?: string | undefined;
  readonly rate?: string | undefined;
  readonly 'time-limit'?: string | undefined;
  readonly 'recovery-time'?: string | undefined;
  readonly latency?: string | undefined;
  readonly 'latency-dist'?: string | undefined;
  readonly nemesis?: string | undefined;
  readonly 'nemesis-interval'?: string | undefined;
  readonly 'clock-skew'?: string | undefined;
  readonly floors?: boolean | undefined;
  readonly concurrency?: string | undefined;
  readonly 'store-model'?: string | undefined;
  readonly network?: string | undefined;
  readonly check?: string | undefined;
}

/** The defaults: a cluster without faults. */
export const peersDefaults = (seed: number): PeersOptions => ({
  seed,
  nodeIds: nodeNames(5),
  rate: 20,
  timeLimitMs: 60_000,
  recoveryTimeMs: 40_000,
  latencyMs: 0,
  latencyDistribution: 'constant',
  faults: new Set(),
  nemesisIntervalMs: 10_000,
  clockSkew: 0,
  hasLowerBounds: false,
});

/** Returns `base`, changed by the flags that are given. Throws a UsageError. */
export function applyPeersFlags(base: PeersOptions, flags: PeersFlags): PeersOptions {
  for (const flag of ['concurrency', 'store-model', 'network', 'check'] as const) {
    if (flags[flag] !== undefined) throw new UsageError(`--${flag} does not go with -w peers`);
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
    faults:
      flags.nemesis === undefined ? base.faults : choicesFrom('nemesis', flags.nemesis, peersFaultNames),
    nemesisIntervalMs: number('nemesis-interval', base.nemesisIntervalMs, 1000, 0.001),
    clockSkew:
      flags['clock-skew'] === undefined
        ? base.clockSkew
        : numberFrom('clock-skew', flags['clock-skew'], { min: 0, max: 0.5 }),
    hasLowerBounds: flags.floors ?? base.hasLowerBounds,
  };
}

/** Returns the flags that give exactly these options. */
export function toPeersFlags(options: PeersOptions): string {
  return [
    '--workload peers',
    `--seed ${options.seed}`,
    `--node-count ${options.nodeIds.length}`,
    `--rate ${options.rate}`,
    `--time-limit ${options.timeLimitMs / 1000}`,
    `--recovery-time ${options.recoveryTimeMs / 1000}`,
    `--latency ${options.latencyMs}`,
    `--latency-dist ${options.latencyDistribution}`,
    ...(options.faults.size > 0 ? [`--nemesis ${[...options.faults].join(',')}`] : []),
    `--nemesis-interval ${options.nemesisIntervalMs / 1000}`,
    `--clock-skew ${options.clockSkew}`,
    ...(options.hasLowerBounds ? ['--floors'] : []),
  ].join(' ');
}

/** Describes a run in one line. */
export function describePeersOptions(options: PeersOptions): string {
  const { nodeIds, rate, timeLimitMs, latencyMs, latencyDistribution, faults, clockSkew } = options;
  return [
    `peers, ${nodeIds.join(' ')}, ${rate} operations/s for ${timeLimitMs / 1000} s`,
    latencyMs === 0 ? '' : `, latency ${latencyMs} ms ${latencyDistribution}`,
    faults.size === 0 ? '' : `, ${[...faults].join(' ')} every ${options.nemesisIntervalMs / 1000} s`,
    clockSkew === 0 ? '' : `, clocks wrong by up to ${100 * clockSkew} %`,
    options.hasLowerBounds ? ', with lower bounds' : '',
    `, seed ${options.seed}`,
  ].join('');
}
