/** What simulated servers on etcd show: nothing in what is right, and every planted bug soon. */
import { expect, test } from 'vitest';
import { type CreateFrontEnd, shippedFrontEnd } from '../../../src/workbench/etcd/front-end.ts';
import { drawEtcdOptions, etcdFaultNames, smallerEtcdOptions } from '../../../src/workbench/etcd/options.ts';
import { simulateEtcd } from '../../../src/workbench/etcd/run.ts';
import type { ServerRunResults } from '../../../src/workbench/sim/server-run.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { etcdMutants } from '../../mutants/etcd.ts';
import { bySuite } from '../../support/suite.ts';

const SEEDS = bySuite({ unit: 5, test: 8, soak: 100 });
const HARD_SEEDS = bySuite({ unit: 1, test: 2, soak: 10 });

const simulated = (
  seed: number,
  createFrontEnd: CreateFrontEnd = shippedFrontEnd,
): Promise<ServerRunResults> => simulateEtcd(drawEtcdOptions(seed), createFrontEnd);

test(`the shipped engine survives ${SEEDS} seeds of every fault`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problems } = await simulated(seed);
    expect(problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('so does it under all faults at once', async () => {
  const faults = new Set(etcdFaultNames);
  for (let seed = 1; seed <= HARD_SEEDS; seed++) {
    const options = { ...drawEtcdOptions(seed), faults, nemesisIntervalMs: 2000, rate: 20 };
    const { problems } = await simulateEtcd(options, shippedFrontEnd);
    expect(problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

for (const [name, createFrontEnd] of Object.entries(etcdMutants)) {
  test(`${name} is found within forty seeds`, async () => {
    let found = false;
    for (let seed = 1; seed <= 40 && !found; seed++) found = !(await simulated(seed, createFrontEnd)).valid;
    expect(found).toBe(true);
  });
}

test('one seed gives the same run, another does not', async () => {
  const first = await simulated(5);
  expect(await simulated(5)).toEqual(first);
  expect(await simulated(4)).not.toEqual(first);
});

test('a failure is shrunk to a run with less in it that still fails', async () => {
  const createFrontEnd = etcdMutants['retry-answered-anew'] ?? shippedFrontEnd;
  const fails = async (options: ReturnType<typeof drawEtcdOptions>): Promise<boolean> =>
    !(await simulateEtcd(options, createFrontEnd)).valid;
  const smallest = await shrink(drawEtcdOptions(1), smallerEtcdOptions, fails);
  expect(await fails(smallest)).toBe(true);
  expect(smallest.faults.size).toBe(0);
  expect(smallest.members).toBe(1);
});
