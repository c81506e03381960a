/**
 * The flags of `simulate -w etcd`.
 */
import { type EtcdOptions, etcdFaultNames } from '../../workbench/etcd/options.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import { choicesFrom, numberFrom } from '../arguments.ts';
import {
  type ServerRunFlags,
  applyServerRunFlags,
  describeServerRun,
  toServerRunFlags,
} from './server-run-options.ts';

export const etcdHelp = `With -w etcd, it runs servers on etcd, with the shipped engine, over a model of
etcd. Clients ask any server, and repeat idempotent requests at others.

  --members N              how many members etcd has (default 3)
  --nemesis FAULTS         loss, duplicate, delay, kill and pause, as above, and
                             cut             servers and members are cut off
                                             from each other, one way or both
                             kill-etcd       members are killed, mostly the
                                             leader, seldom all
                             cut-etcd        members are cut off from each other
                             end-lease       the lease of a slot ends early
                             compact         etcd forgets all past revisions`;

export const etcdOnlySpecs = { members: { type: 'string' } } as const;

/** The flags of a run of servers on etcd, as given. */
export interface EtcdFlags extends ServerRunFlags {
  readonly members?: string | undefined;
}

/** The defaults: three servers on three members, without faults. */
export const etcdDefaults = (seed: number): EtcdOptions => ({
  seed,
  nodeIds: nodeNames(3),
  members: 3,
  rate: 20,
  timeLimitMs: 60_000,
  recoveryTimeMs: 60_000,
  latencyMs: 0,
  latencyDistribution: 'constant',
  faults: new Set(),
  nemesisIntervalMs: 10_000,
});

/** Returns `base`, changed by the flags that are given. Throws a UsageError. */
export const applyEtcdFlags = (base: EtcdOptions, flags: EtcdFlags): EtcdOptions => ({
  ...applyServerRunFlags(base, flags, 'etcd'),
  members:
    flags.members === undefined
      ? base.members
      : numberFrom('members', flags.members, { min: 1, max: 9, integer: true }),
  faults: flags.nemesis === undefined ? base.faults : choicesFrom('nemesis', flags.nemesis, etcdFaultNames),
});

/** Returns the flags that give exactly these options. */
export const toEtcdFlags = (options: EtcdOptions): string =>
  ['--workload etcd', ...toServerRunFlags(options), `--members ${options.members}`].join(' ');

/** Describes a run in one line. */
export const describeEtcdOptions = (options: EtcdOptions): string =>
  `servers on etcd of ${options.members}, ${describeServerRun(options)}, seed ${options.seed}`;
