/** The one command of a first run, `--nemesis all --time-limit 6`, in virtual time. */
import { describe, expect, test } from 'vitest';
import { maelstromOptions } from '../../../src/cli/workbench/maelstrom-flags.ts';
import type { Workload } from '../../../src/maelstrom/counter-node.ts';
import type { CreateNode } from '../../../src/workbench/nodes/memory-host.ts';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import { mutantNamed, nodeWith } from '../../mutants/node.ts';
import { ShippedCounter, hastyMutants } from '../../mutants/hasty.ts';
import { shippedNode, shippedPnNode } from '../../support/run-options.ts';

const SEEDS = 2;

const firstRun = (seed: number, nodeCount: number, workload: Workload) =>
  maelstromOptions(seed, { workload, nemesis: 'all', 'time-limit': '6', 'node-count': `${nodeCount}` });

const right: readonly (readonly [name: string, workload: Workload, createNode: CreateNode])[] = [
  ['the shipped node', 'g-counter', shippedNode],
  ['the shipped node', 'pn-counter', shippedPnNode],
  ['the shipped counter, in which bugs are planted', 'g-counter', nodeWith(ShippedCounter, 4000)],
];

describe.each(right)('%s, %s,', (_name, workload, createNode) => {
  test.each([1, 3, 5, 9])(
    'of %i nodes is valid, and at least half of what is due succeeds if there are several',
    async (nodeCount) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const options = firstRun(seed, nodeCount, workload);
        const { run, results } = await simulate(options, createNode);
        expect(results.verdicts.strict.problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
        const succeeded = run.operations.filter(({ final, outcome }) => !final && outcome === 'ok').length;
        // A single node has no others that go on working.
        const due = (options.rate * options.timeLimitMs) / 1000;
        expect(succeeded).toBeGreaterThan(nodeCount === 1 ? 0 : due / 2);
      }
    },
  );
});

test.each(Object.keys(hastyMutants))('%s is found in each of five runs', async (name) => {
  for (let seed = 1; seed <= 5; seed++) {
    const { results } = await simulate(firstRun(seed, 5, 'g-counter'), mutantNamed(name));
    expect(results.valid).toBe(false);
  }
});
