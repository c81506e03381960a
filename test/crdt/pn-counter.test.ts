import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PnTotal, pnTotal } from '../../src/crdt/pn-counter.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const total = fc.tuple(fc.nat(), fc.nat()) satisfies fc.Arbitrary<PnTotal>;
const includes = (larger: PnTotal, smaller: PnTotal): boolean =>
  pnTotal.equals(pnTotal.merge(larger, smaller), larger);

test('adding changes the value by the delta, and the total only grows', () => {
  fc.assert(
    fc.property(total, fc.integer(), (before, delta) => {
      const after = pnTotal.increment(before, delta) ?? before;
      expect(pnTotal.value([after])).toBe((pnTotal.value([before]) ?? 0) + delta);
      expect(includes(after, before)).toBe(true);
      expect(includes(before, after)).toBe(delta === 0);
    }),
  );
});

test('merging is commutative, associative and idempotent, and includes both', () => {
  fc.assert(
    fc.property(total, total, total, (a, b, c) => {
      expect(pnTotal.merge(a, b)).toEqual(pnTotal.merge(b, a));
      expect(pnTotal.merge(pnTotal.merge(a, b), c)).toEqual(pnTotal.merge(a, pnTotal.merge(b, c)));
      expect(pnTotal.merge(a, a)).toEqual(a);
      expect(includes(pnTotal.merge(a, b), a)).toBe(true);
    }),
  );
});

test('what passes 2^53 - 1 is refused, up and down', () => {
  expect(pnTotal.increment([MAX, 0], 1)).toBeUndefined();
  expect(pnTotal.increment([0, MAX], -1)).toBeUndefined();
  expect(pnTotal.increment([MAX, 0], -1)).toEqual([MAX, 1]);
  expect(
    pnTotal.value([
      [MAX, 0],
      [1, 0],
    ]),
  ).toBeUndefined();
  expect(
    pnTotal.value([
      [MAX, MAX],
      [1, 0],
    ]),
  ).toBeUndefined();
});

test('a total is a pair of counts, and a delta any safe integer', () => {
  for (const junk of [3, [1], [1, 2, 3], [1, -2], [1, 0.5], ['1', 2], null, {}]) {
    expect(pnTotal.isTotal(junk)).toBe(false);
  }
  expect(pnTotal.isTotal([0, MAX])).toBe(true);
  for (const junk of [0.5, '1', MAX + 1, -MAX - 1, null, undefined, [1]])
    expect(pnTotal.isDelta(junk)).toBe(false);
  expect([0, MAX, -MAX].every((delta) => pnTotal.isDelta(delta))).toBe(true);
});
