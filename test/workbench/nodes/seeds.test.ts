/** A search over seeds finds no fault in what is right. */
import { expect, test } from 'vitest';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import { drawOptions } from '../../../src/workbench/nodes/options.ts';
import { faultNames } from '../../../src/workbench/sim/nemesis.ts';
import { AskingCounter } from '../../mutants/asking.ts';
import { nodeWith } from '../../mutants/node.ts';
import { RetryingCounter } from '../../mutants/retrying.ts';
import { shippedNode, shippedPnNode } from '../../support/run-options.ts';
import { bySuite } from '../../support/suite.ts';

const MANY = bySuite({ test: 10, soak: 50 });
const SOME = bySuite({ test: 8, soak: 50 });

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
