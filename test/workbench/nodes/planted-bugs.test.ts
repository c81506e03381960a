/** Every planted bug in nodes is found, and a run that fails is shrunk. */
import { describe, expect, test } from 'vitest';
import type { Workload } from '../../../src/maelstrom/counter-node.ts';
import type { CreateNode } from '../../../src/workbench/nodes/memory-host.ts';
import { type RunOptions, drawOptions, smallerOptions } from '../../../src/workbench/nodes/options.ts';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { askingMutants } from '../../mutants/asking.ts';
import { mutantNamed, mutants, pnMutants } from '../../mutants/node.ts';
import { eachIsFound } from '../../support/planted-bugs.ts';

/** Where the search begins for what is found late. */
const firstSeeds = {
  'add-again-on-timeout': 4,
  'repeat-barriers': 16,
  'misattribute-late-answer': 8,
  'one-total': 2,
};

const resultsOf = async (seed: number, createNode: CreateNode, workload: Workload = 'g-counter') =>
  (await simulate({ ...drawOptions(seed), workload }, createNode)).results;

eachIsFound(mutants, firstSeeds, async (seed, bug) => (await resultsOf(seed, bug)).valid === false);

describe('with pn-counter', () => {
  eachIsFound(
    pnMutants,
    firstSeeds,
    async (seed, bug) => (await resultsOf(seed, bug, 'pn-counter')).valid === false,
  );
});

describe("by Maelstrom's check", () => {
  const bugs = Object.fromEntries(Object.keys(askingMutants).map((name) => [name, mutantNamed(name)]));
  eachIsFound(
    bugs,
    firstSeeds,
    async (seed, bug) => (await resultsOf(seed, bug)).verdicts.maelstrom.valid === false,
  );
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
