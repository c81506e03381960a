/** Every planted bug in servers on etcd is found, and a run that fails is shrunk. */
import { expect, test } from 'vitest';
import { shippedFrontEnd } from '../../../src/workbench/etcd/front-end.ts';
import {
  type EtcdOptions,
  drawEtcdOptions,
  smallerEtcdOptions,
} from '../../../src/workbench/etcd/options.ts';
import { simulateEtcd } from '../../../src/workbench/etcd/run.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { etcdMutants } from '../../mutants/etcd.ts';
import { eachIsFound } from '../../support/planted-bugs.ts';

/** Most are found soon in the runs of seeds 11 and 12, which are short. */
const firstSeeds = {
  ...Object.fromEntries(Object.keys(etcdMutants).map((name) => [name, 11])),
  'no-compare-on-live': 1,
  'new-holder-begins-at-0': 4,
};

eachIsFound(
  etcdMutants,
  firstSeeds,
  async (seed, createFrontEnd) => !(await simulateEtcd(drawEtcdOptions(seed), createFrontEnd)).valid,
);

test('a failure is shrunk to a run with less in it that still fails', async () => {
  const createFrontEnd = etcdMutants['retry-answered-anew'] ?? shippedFrontEnd;
  const fails = async (options: EtcdOptions): Promise<boolean> =>
    !(await simulateEtcd(options, createFrontEnd)).valid;
  const smallest = await shrink(drawEtcdOptions(11), smallerEtcdOptions, fails);
  expect(await fails(smallest)).toBe(true);
  expect(smallest.faults.size).toBe(0);
  expect(smallest.members).toBe(1);
});
