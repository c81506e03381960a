/**
 * `g-counter-workbench simulate -w etcd`: one simulated run of servers on etcd, or a search over many seeds.
 */
import { fold } from '../../runtime/fold.ts';
import { shippedFrontEnd } from '../../workbench/etcd/front-end.ts';
import { type EtcdOptions, drawEtcdOptions, smallerEtcdOptions } from '../../workbench/etcd/options.ts';
import { formatEtcdResults } from '../../workbench/etcd/results.ts';
import { type EtcdResults, simulateEtcd } from '../../workbench/etcd/run.ts';
import { search } from '../../workbench/search.ts';
import {
  type EtcdFlags,
  applyEtcdFlags,
  describeEtcdOptions,
  etcdDefaults,
  toEtcdFlags,
} from './etcd-options.ts';
import { unlessStopped } from './interruption.ts';
import { type SeedRange, seedSearch } from './seed-search.ts';

/** Simulates one run and prints its results. Resolves with whether it is valid. Rejects with Interrupted. */
export async function simulateEtcdOnce(seed: number, flags: EtcdFlags, stop: AbortSignal): Promise<boolean> {
  const { valid } = await show(applyEtcdFlags(etcdDefaults(seed), flags), stop);
  return valid;
}

/** Simulates many runs. Resolves with whether all are valid, as far as is known. */
export async function searchEtcd(flags: EtcdFlags, range: SeedRange): Promise<boolean | 'unknown'> {
  // Mistakes in the flags are reported before anything runs.
  applyEtcdFlags(etcdDefaults(range.first), flags);
  return search(seedSearch({ workload: 'etcd', flags }, range), {
    optionsOf: (seed) => applyEtcdFlags(drawEtcdOptions(seed), flags),
    describe: describeEtcdOptions,
    commandFor: (options) => `g-counter-workbench simulate ${toEtcdFlags(options)}`,
    smaller: smallerEtcdOptions,
    fails: async (options) => !(await simulateEtcd(options, shippedFrontEnd)).valid,
    show: (options) => show(options, range.stop),
    claim: 'every operation fitted one order, and nothing acknowledged was lost or counted twice',
  });
}

async function show(options: EtcdOptions, stop: AbortSignal): Promise<EtcdResults> {
  console.log(fold(`simulating ${describeEtcdOptions(options)}`).join('\n'));
  const results = await unlessStopped(simulateEtcd(options, shippedFrontEnd), stop);
  console.log(formatEtcdResults(results));
  return results;
}
