/** Maelstrom's own check, on final reads, against a definition in its words. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AddOperation, Outcome, ReadOperation } from '../../../src/workbench/nodes/history.ts';
import { judgeFinalReads } from '../../../src/workbench/nodes/maelstrom-check.ts';
import { includes } from '../../../src/workbench/sim/ranges.ts';

const at = (index: number) => ({ index, timeMs: index });
const base = { process: 0, node: 'n0', invoked: at(0), completed: at(1) };

const add = (delta: number, outcome: Outcome = 'ok'): AddOperation => ({
  ...base,
  f: 'add',
  delta,
  outcome,
  final: false,
});

const read = (value: number | undefined, final = true): ReadOperation => ({
  ...base,
  f: 'read',
  final,
  value,
  outcome: value === undefined ? 'fail' : 'ok',
});

test('a final read is the sum of all acknowledged adds, with or without each that may have happened', () => {
  const history = [add(2), add(10, 'info'), add(3)];
  expect(judgeFinalReads([...history, read(5), read(15)]).problems).toEqual([]);
  expect(judgeFinalReads([...history, read(12)]).problems).toEqual([
    'the final read of 12 from n0 is not in [5 5] [15 15]',
  ]);
});

test('an add with a definite error may have happened as well', () => {
  for (const value of [1, 5])
    expect(judgeFinalReads([add(1), add(4, 'fail'), read(value)]).problems).toEqual([]);
});

test('no other read is judged', () => {
  expect(judgeFinalReads([add(1), read(77, false), read(1)]).problems).toEqual([]);
});

test('a pass that rests on few final reads, or none, says so', () => {
  expect(judgeFinalReads([add(1), read(1), read(1)]).remarks).toEqual([]);
  expect(judgeFinalReads([add(1), read(1), read(undefined)]).remarks).toEqual([
    '1 of 2 final reads was not answered',
  ]);
  expect(judgeFinalReads([add(1), read(undefined)]).remarks).toEqual(['no final read was answered']);
  expect(judgeFinalReads([add(1)]).remarks).toEqual(['there was no final read']);
});

test('the acceptable sums are exactly those of the acknowledged adds and a subset of the others', () => {
  const adds = fc.array(
    fc.record({
      delta: fc.integer({ min: -5, max: 4 }),
      outcome: fc.constantFrom<Outcome>('ok', 'info', 'fail'),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(adds, (drawn) => {
      const certain = drawn
        .filter(({ outcome }) => outcome === 'ok')
        .reduce((sum, { delta }) => sum + delta, 0);
      let sums = new Set([certain]);
      for (const { delta, outcome } of drawn) {
        if (outcome !== 'ok') sums = new Set([...sums].flatMap((sum) => [sum, sum + delta]));
      }
      const { acceptable } = judgeFinalReads(drawn.map(({ delta, outcome }) => add(delta, outcome)));
      for (let value = -50; value <= 50; value++) expect(includes(acceptable, value)).toBe(sums.has(value));
    }),
  );
});
