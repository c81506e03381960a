/** No false alarms: nothing is recognised in the runs of nodes that are right, whatever happens to them. */
import { expect, test } from 'vitest';
import { diagnosed } from '../../support/diagnosed.ts';
import { bySuite } from '../../support/suite.ts';
import { shippedNode } from '../../support/run-options.ts';
import type { CreateNode } from '../../../src/workbench/nodes/memory-host.ts';
import { type RunOptions, drawOptions } from '../../../src/workbench/nodes/options.ts';
import { designNodes } from '../../mutants/designs.ts';
import { nodeWith } from '../../mutants/node.ts';
import { RetryingCounter } from '../../mutants/retrying.ts';

const SEEDS = bySuite({ test: 3, soak: 40 });

/** What keeps its totals in memory forgets them when it is killed, and is told so. */
const withoutKills = (options: RunOptions): RunOptions => ({
  ...options,
  adversary: false,
  faults: new Set([...options.faults].filter((fault) => fault !== 'kill')),
});

const any = (options: RunOptions): RunOptions => options;
const design = (name: string): CreateNode => designNodes[name] ?? shippedNode;

test.each<[string, CreateNode, (options: RunOptions) => RunOptions, readonly string[]]>([
  ['the shipped node', shippedNode, any, []],
  ['nodes that gossip totals', design('gossip-totals'), withoutKills, []],
  ['nodes that broadcast adds', design('broadcast-adds'), withoutKills, []],
  // It does one thing at a time, which is right, and slow.
  ['a plain node that retries', nodeWith(RetryingCounter), any, ['far-from-best']],
])('%s are told nothing', async (_, createNode, change, mayBe) => {
  const told: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { diagnoses } = await diagnosed(change(drawOptions(seed)), createNode);
    told.push(...diagnoses.filter(({ id }) => !mayBe.includes(id)).map(({ id }) => `seed ${seed}: ${id}`));
  }
  expect(told).toEqual([]);
});
