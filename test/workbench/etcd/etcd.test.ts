/** Simulated servers on etcd, whatever happens to them. */
import { expect, test } from 'vitest';
import { shippedFrontEnd } from '../../../src/workbench/etcd/front-end.ts';
import { drawEtcdOptions, etcdFaultNames } from '../../../src/workbench/etcd/options.ts';
import { simulateEtcd } from '../../../src/workbench/etcd/run.ts';
import type { ServerRunResults } from '../../../src/workbench/sim/server-run.ts';
import { bySuite } from '../../support/suite.ts';

const SEEDS = bySuite({ test: 4, soak: 50 });
const HARD_SEEDS = bySuite({ test: 1, soak: 10 });

const simulated = (seed: number): Promise<ServerRunResults> =>
  simulateEtcd(drawEtcdOptions(seed), shippedFrontEnd);

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

test('one seed gives the same run, another does not', async () => {
  const first = await simulated(12);
  expect(await simulated(12)).toEqual(first);
  expect(await simulated(11)).not.toEqual(first);
});
