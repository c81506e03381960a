/**
 * The flags that `test`, `compare` and `simulate` share: Maelstrom's, and a few more.
 */
import { workloads } from '../../maelstrom/counter-node.ts';
import { storeModels } from '../../workbench/nodes/kv-service.ts';
import { latencyDistributions } from '../../workbench/sim/latency.ts';
import { faultNames } from '../../workbench/sim/nemesis.ts';
import { networkModels } from '../../workbench/sim/network.ts';
import { type Check, checks } from '../../workbench/nodes/verdict.ts';
import type { RunOptions } from '../../workbench/nodes/options.ts';
import { nodeNames } from '../../workbench/sim/node-names.ts';
import { type NumberRange, UsageError, choiceFrom, choicesFrom, listFrom, numberFrom } from '../arguments.ts';

export const runOptionsHelp = `  -w, --workload NAME      what clients add: g-counter (0 to 4) or
                           pn-counter (−5 to 4)
  --node-count N           the number of nodes, named from n0
                           (default: five nodes, n1 to n5)
  --concurrency N          clients at work at once; 10n means ten per node
                           (default 1n)
  --rate HZ                operations per second, of all clients together
                           (default 5)
  --time-limit SECONDS     how long clients work (default 60)
  --recovery-time SECONDS  how long the cluster rests between healing and the
                           final reads (default 10)
  --latency MS             mean latency between nodes and services, one way
                           (default 0)
  --latency-dist NAME      constant, uniform or exponential (default constant)
  --nemesis FAULTS         the faults to inject, comma-separated (default none):
                             partition       nodes lose each other
                             isolate-store   nodes lose the key-value store, or
                                             only its replies
                             loss, duplicate, delay
                                             messages are lost, duplicated,
                                             delayed
                             kill, pause     nodes are killed and restarted,
                                             paused and resumed
                             all             all of these, in the hands of an
                                             adversary; without other flags at
                                             --rate 100 --concurrency 10n
                                             --time-limit 10 --recovery-time 3
                                             --store-model stalest
  --nemesis-interval S     mean time between changes of a fault (default 10;
                           with --nemesis all, a twentieth of the time limit,
                           and at most 1)
  --store-model NAME       the state that seq-kv reads from: random, as
                           Maelstrom's (default), stalest or latest
  --network NAME           maelstrom, as Maelstrom's (default), or ideal, where
                           messages do not wait for each other
  --check NAME             which verdict decides the exit status: maelstrom, on
                           the final reads, or strict, on every read
                           (default: maelstrom; for simulate, strict)`;

export const runOptionSpecs = {
  workload: { type: 'string', short: 'w' },
  'node-count': { type: 'string' },
  concurrency: { type: 'string' },
  rate: { type: 'string' },
  'time-limit': { type: 'string' },
  'recovery-time': { type: 'string' },
  latency: { type: 'string' },
  'latency-dist': { type: 'string' },
  nemesis: { type: 'string' },
  'nemesis-interval': { type: 'string' },
  'store-model': { type: 'string' },
  network: { type: 'string' },
  check: { type: 'string' },
} as const;

export type RunFlags = { readonly [flag in keyof typeof runOptionSpecs]?: string | undefined };

/** Maelstrom's defaults. */
export const maelstromDefaults = (seed: number): RunOptions => ({
  seed,
  workload: 'g-counter',
  nodeIds: ['n1', 'n2', 'n3', 'n4', 'n5'],
  concurrency: 5,
  rate: 5,
  timeLimitMs: 60_000,
  recoveryTimeMs: 10_000,
  network: 'maelstrom',
  latencyMs: 0,
  latencyDistribution: 'constant',
  faults: new Set(),
  adversary: false,
  nemesisIntervalMs: 10_000,
  storeModel: 'random',
});

type NumericFlag = 'rate' | 'latency' | 'time-limit' | 'recovery-time' | 'nemesis-interval';

/** The numbers that flags take. */
export type Ranges = { readonly [flag in NumericFlag | 'concurrency']: NumberRange };

/** What `simulate` takes, whose smaller runs have fractions of everything. */
const simulateRanges: Ranges = {
  concurrency: { min: 1 },
  rate: { min: 0 },
  latency: { min: 0 },
  'time-limit': { min: 0 },
  'recovery-time': { min: 0 },
  'nemesis-interval': { min: 0.001 },
};

/** What Maelstrom takes. */
export const maelstromRanges: Ranges = {
  ...simulateRanges,
  concurrency: { min: 0 },
  latency: { min: 0, integer: true },
  'time-limit': { min: 1, integer: true },
  'nemesis-interval': { min: 0.001, fraction: true },
};

/** Returns `base`, changed by the flags that are given. Throws a UsageError. */
export function applyFlags(base: RunOptions, flags: RunFlags, ranges = simulateRanges): RunOptions {
  const number = (flag: NumericFlag): number | undefined =>
    flags[flag] === undefined ? undefined : numberFrom(flag, flags[flag], ranges[flag]);
  const milliseconds = (flag: NumericFlag): number | undefined => {
    const seconds = number(flag);
    return seconds === undefined ? undefined : 1000 * seconds;
  };
  const count = flags['node-count'];
  const nodeIds =
    count === undefined
      ? base.nodeIds
      : nodeNames(numberFrom('node-count', count, { min: 1, max: 1000, integer: true }));
  const clientsPerNode = base.concurrency / base.nodeIds.length;
  return {
    seed: base.seed,
    workload: workloadFrom(flags.workload ?? base.workload, workloads),
    nodeIds,
    concurrency:
      flags.concurrency === undefined
        ? clientsPerNode * nodeIds.length
        : concurrencyFrom(flags.concurrency, nodeIds.length, ranges.concurrency),
    rate: number('rate') ?? base.rate,
    timeLimitMs: milliseconds('time-limit') ?? base.timeLimitMs,
    recoveryTimeMs: milliseconds('recovery-time') ?? base.recoveryTimeMs,
    network: choiceFrom('network', flags.network ?? base.network, networkModels),
    latencyMs: number('latency') ?? base.latencyMs,
    latencyDistribution: choiceFrom(
      'latency-dist',
      flags['latency-dist'] ?? base.latencyDistribution,
      latencyDistributions,
    ),
    faults: flags.nemesis === undefined ? base.faults : choicesFrom('nemesis', flags.nemesis, faultNames),
    adversary: flags.nemesis === undefined ? base.adversary : asksForAll(flags.nemesis),
    nemesisIntervalMs: milliseconds('nemesis-interval') ?? base.nemesisIntervalMs,
    storeModel: choiceFrom('store-model', flags['store-model'] ?? base.storeModel, storeModels),
  };
}

const asksForAll = (nemesis: string): boolean => listFrom(nemesis).includes('all');

/** With `--nemesis all`, a fault changes this often while clients work, but not less often than every second. */
const CHANGES = 20;

/**
 * Returns `base`, which has Maelstrom's defaults, changed by the flags that are given. Where these ask for all faults,
 * what they leave open is what a first run should have: enough at work for a bug to show in seconds. Throws a UsageError.
 */
export function optionsOfOneRun(base: RunOptions, flags: RunFlags, ranges = simulateRanges): RunOptions {
  if (!asksForAll(flags.nemesis ?? '')) return applyFlags(base, flags, ranges);
  const first: RunOptions = {
    ...base,
    concurrency: 10 * base.nodeIds.length,
    rate: 100,
    timeLimitMs: 10_000,
    recoveryTimeMs: 3000,
    storeModel: 'stalest',
  };
  const { timeLimitMs } = applyFlags(first, flags, ranges);
  return applyFlags({ ...first, nemesisIntervalMs: Math.min(1000, timeLimitMs / CHANGES) }, flags, ranges);
}

/** Reads the value of --check. Throws a UsageError. */
export const checkFrom = (flags: RunFlags, fallback: Check): Check =>
  choiceFrom('check', flags.check ?? fallback, checks);

/** Returns the flags that give exactly these options, for nodes named from n0. */
export function toFlags(options: RunOptions): string {
  const flags = {
    seed: options.seed,
    workload: options.workload,
    'node-count': options.nodeIds.length,
    concurrency: options.concurrency,
    rate: options.rate,
    'time-limit': options.timeLimitMs / 1000,
    'recovery-time': options.recoveryTimeMs / 1000,
    network: options.network,
    latency: options.latencyMs,
    'latency-dist': options.latencyDistribution,
    nemesis: options.adversary ? 'all' : [...options.faults].join(','),
    'nemesis-interval': options.nemesisIntervalMs / 1000,
    'store-model': options.storeModel,
  };
  return Object.entries(flags)
    .filter(([, value]) => value !== '')
    .map(([flag, value]) => `--${flag} ${value}`)
    .join(' ');
}

const NODES_SHOWN = 7;

const inShort = (nodeIds: readonly string[]): string =>
  nodeIds.length <= NODES_SHOWN
    ? nodeIds.join(' ')
    : `${nodeIds.slice(0, 2).join(' ')} … ${nodeIds.at(-1)} (${nodeIds.length} nodes)`;

/** Describes a run in one line. */
export function describeOptions(options: RunOptions): string {
  const { nodeIds, concurrency, rate, timeLimitMs, latencyMs, latencyDistribution, storeModel } = options;
  const faults = options.adversary ? 'all faults' : [...options.faults].join(' ');
  const nemesis = options.faults.size === 0 ? '' : `, ${faults} every ${options.nemesisIntervalMs / 1000} s`;
  return [
    options.workload === 'g-counter' ? '' : `${options.workload}, `,
    `${inShort(nodeIds)}, ${concurrency} client${concurrency === 1 ? '' : 's'}`,
    `, ${rate} operations/s for ${timeLimitMs / 1000} s`,
    latencyMs === 0 ? '' : `, latency ${latencyMs} ms ${latencyDistribution}`,
    nemesis,
    options.network === 'maelstrom' ? '' : `, ${options.network} network`,
    storeModel === 'random' ? '' : `, ${storeModel} store`,
    `, seed ${options.seed}`,
  ].join('');
}

/** `3` is three clients, `10n` ten per node. */
function concurrencyFrom(text: string, nodeCount: number, { min }: NumberRange): number {
  const [, digits, perNode] = /^(\d+)(n?)$/.exec(text) ?? [];
  const clients = Number(digits) * (perNode === 'n' ? nodeCount : 1);
  if (digits === undefined || clients < min) {
    throw new UsageError(`--concurrency takes a number like 6 or 2n, not '${text}'`);
  }
  if (clients > 100_000) throw new UsageError(`--concurrency ${text} is more than 100000 clients`);
  return clients;
}

/** Workloads of Maelstrom's for which there is no judge here. */
const MAELSTROM_ONLY = new Set([
  'broadcast',
  'echo',
  'g-set',
  'kafka',
  'lin-kv',
  'txn-list-append',
  'txn-rw-register',
  'unique-ids',
]);

/** Reads the value of --workload. Throws a UsageError. */
export function workloadFrom<Choice extends string>(text: string, choices: readonly Choice[]): Choice {
  if (MAELSTROM_ONLY.has(text)) {
    throw new UsageError(`the workload ${text} is Maelstrom's; the workbench has ${choices.join(', ')}`);
  }
  return choiceFrom('workload', text, choices);
}
