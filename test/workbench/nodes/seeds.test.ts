/** What a search over seeds finds: every planted bug, soon, and no fault in what is right. */
import { expect, test } from 'vitest';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import { drawOptions, smallerOptions } from '../../../src/workbench/nodes/options.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { faultNames } from '../../../src/workbench/sim/nemesis.ts';
import { AskingCounter, askingMutants } from '../../mutants/asking.ts';
import { mutantNamed, mutants, nodeWith } from '../../mutants/node.ts';
import { RetryingCounter } from '../../mutants/retrying.ts';
import { shippedNode, shippedPnNode } from '../../support/run-options.ts';
import { bySuite } from '../../support/suite.ts';

const MANY = bySuite({ unit: 30, test: 40, soak: 200 });
const SOME = bySuite({ unit: 15, test: 20, soak: 100 });

test('the shipped node survives many seeds of every fault', async () => {
  for (let seed = 1; seed <= MANY; seed++) {
    const { results } = await simulate(drawOptions(seed), shippedNode);
    expect(results.verdicts.strict.problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('the shipped node survives many seeds as a pn-counter', async () => {
  for (let seed = 1; seed <= SOME; seed++) {
    const { results } = await simulate({ ...drawOptions(seed), workload: 'pn-counter' }, shippedPnNode);
    expect(results.verdicts.strict.problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('the retrying counter, on which planted bugs are built, survives many seeds', async () => {
  for (let seed = 1; seed <= SOME; seed++) {
    const { results } = await simulate(drawOptions(seed), nodeWith(RetryingCounter));
    expect(results.verdicts.strict.problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('a design whose nodes talk to each other survives all faults, with and without the adversary', async () => {
  for (let seed = 1; seed <= MANY; seed++) {
    const all = { ...drawOptions(seed), faults: new Set(faultNames) };
    for (const options of [
      { ...all, adversary: true },
      { ...all, adversary: false },
    ]) {
      const { results } = await simulate(options, nodeWith(AskingCounter));
      expect(results.verdicts.strict.problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
    }
  }
});

for (const name of Object.keys(mutants)) {
  test(`${name} is found within forty seeds`, async () => {
    let found = false;
    for (let seed = 1; seed <= 40 && !found; seed++) {
      found = (await simulate(drawOptions(seed), mutantNamed(name))).results.valid === false;
    }
    expect(found).toBe(true);
  });
}

for (const name of Object.keys(askingMutants)) {
  test(`${name} is found by Maelstrom's check too, within forty seeds`, async () => {
    let found = false;
    for (let seed = 1; seed <= 40 && !found; seed++) {
      const { results } = await simulate(drawOptions(seed), mutantNamed(name));
      found = results.verdicts.maelstrom.valid === false;
    }
    expect(found).toBe(true);
  });
}

test('one total that rises and falls is found within two hundred seeds of pn-counter', async () => {
  let found = false;
  for (let seed = 1; seed <= 200 && !found; seed++) {
    const options: RunOptions = { ...drawOptions(seed), workload: 'pn-counter' };
    found = (await simulate(options, mutantNamed('one-total'))).results.valid === false;
  }
  expect(found).toBe(true);
});

test('a failing run is shrunk to a short one that still fails', async () => {
  const fails = async (options: RunOptions): Promise<boolean> =>
    (await simulate(options, mutantNamed('forget-node'))).results.valid === false;
  const smallest = await shrink(drawOptions(1), smallerOptions, fails);
  const { run } = await simulate(smallest, mutantNamed('forget-node'));
  expect(await fails(smallest)).toBe(true);
  expect(run.operations.length).toBeLessThan(10);
  expect(smallest.faults.size).toBe(0);
});
