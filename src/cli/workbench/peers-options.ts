/**
 * The flags of `simulate -w peers`.
 */
import { type PeersOptions, peersFaultNames } from '../../workbench/peers/options.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import { choicesFrom, numberFrom } from '../arguments.ts';
import {
  type ServerRunFlags,
  applyServerRunFlags,
  describeServerRun,
  toServerRunFlags,
} from './server-run-options.ts';

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
export interface PeersFlags extends ServerRunFlags {
  readonly 'clock-skew'?: string | undefined;
  readonly floors?: boolean | undefined;
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
  return {
    ...applyServerRunFlags(base, flags, 'peers'),
    faults:
      flags.nemesis === undefined ? base.faults : choicesFrom('nemesis', flags.nemesis, peersFaultNames),
    clockSkew:
      flags['clock-skew'] === undefined
        ? base.clockSkew
        : numberFrom('clock-skew', flags['clock-skew'], { min: 0, max: 0.5 }),
    hasLowerBounds: flags.floors ?? base.hasLowerBounds,
  };
}

/** Returns the flags that give exactly these options. */
export const toPeersFlags = (options: PeersOptions): string =>
  [
    '--workload peers',
    ...toServerRunFlags(options),
    `--clock-skew ${options.clockSkew}`,
    ...(options.hasLowerBounds ? ['--floors'] : []),
  ].join(' ');

/** Describes a run in one line. */
export const describePeersOptions = (options: PeersOptions): string =>
  [
    `peers, ${describeServerRun(options)}`,
    options.clockSkew === 0 ? '' : `, clocks wrong by up to ${100 * options.clockSkew} %`,
    options.hasLowerBounds ? ', with lower bounds' : '',
    `, seed ${options.seed}`,
  ].join('');
