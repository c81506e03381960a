import { expect, test } from 'vitest';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { mutantNamed, nodeWith } from '../../mutants/node.ts';
import { PlainCounter, plainMutants } from '../../mutants/plain.ts';
import { shippedNode, standard } from '../../support/run-options.ts';

const slow = { ...standard, concurrency: 30, latencyMs: 50, latencyDistribution: 'exponential' } as const;

const situations: Record<string, RunOptions> = {
  'the standard challenge': standard,
  'many clients and random latency': slow,
  'five nodes': { ...slow, nodeIds: ['n1', 'n2', 'n3', 'n4', 'n5'] },
  'one node': { ...slow, nodeIds: ['n0'] },
  'a high rate': { ...slow, rate: 1000, timeLimitMs: 3000 },
};

for (const [name, options] of Object.entries(situations)) {
  test(`the shipped node is valid under ${name}`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { results } = await simulate({ ...options, seed }, shippedNode);
      expect(results.verdicts.strict).toMatchObject({ valid: true, problems: [] });
    }
  });
}

test('the plain counter, on which planted bugs are built, is valid', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { results } = await simulate({ ...slow, seed }, nodeWith(PlainCounter));
    expect(results.verdicts.strict).toMatchObject({ valid: true, problems: [] });
  }
});

// Stale reads show at once if operations are short; races need many clients and messages that overtake each other.
for (const name of Object.keys(plainMutants)) {
  for (const rate of [10, 100]) {
    test(`${name} is found within ten runs at ${rate} operations a second`, async () => {
      const verdicts = [];
      for (let seed = 1; seed <= 10; seed++) {
        const situation = seed % 2 === 0 ? standard : slow;
        verdicts.push((await simulate({ ...situation, rate, seed }, mutantNamed(name))).results.valid);
        if (verdicts.includes(false)) break;
      }
      expect(verdicts).toContain(false);
    });
  }
}

test('one seed gives the same messages at the same times every time, another seed gives others', async () => {
  const trace = async (seed: number): Promise<string> => {
    const lines: string[] = [];
    await simulate({ ...slow, seed }, shippedNode, {
      onDelivery: (delivery) => lines.push(JSON.stringify(delivery)),
    });
    return lines.join('\n');
  };
  const first = await trace(7);
  expect(await trace(7)).toBe(first);
  expect(await trace(8)).not.toBe(first);
});
