import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GCounter, isTotal, merge, plus, value } from '../../src/crdt/g-counter.ts';

const LIMIT = 2n ** 53n;

const total = fc.oneof(fc.nat(20), fc.maxSafeNat());

const counterOf = (nodes: readonly string[], totals = total): fc.Arbitrary<GCounter> =>
  fc.array(fc.tuple(fc.constantFrom(...nodes), totals)).map((entries) => new Map(entries));

const counter = counterOf(['n0', 'n1', 'n2', '__proto__']);

/** What passes 2^53 − 1 is more than anything that does not. */
const rank = (candidate: GCounter): number => value(candidate) ?? Infinity;

/** The sum as a bigint, which knows no bound. */
const exactSum = (totals: Iterable<number>): bigint =>
  [...totals].reduce((sum, next) => sum + BigInt(next), 0n);

const within = (sum: bigint): number | undefined => (sum < LIMIT ? Number(sum) : undefined);

test('a merge is the same either way round', () => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      expect(merge(a, b)).toEqual(merge(b, a));
    }),
  );
});

test('three counters merge to the same in any grouping', () => {
  fc.assert(
    fc.property(counter, counter, counter, (a, b, c) => {
      expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
    }),
  );
});

test('merging the same thing again changes nothing', () => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      expect(merge(a, a)).toEqual(a);
      expect(merge(merge(a, b), b)).toEqual(merge(a, b));
    }),
  );
});

test('merging with nothing changes nothing', () => {
  fc.assert(
    fc.property(counter, (a) => {
      expect(merge(a, new Map())).toEqual(a);
      expect(merge(new Map(), a)).toEqual(a);
    }),
  );
});

test('a merge never lowers a total or the value', () => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      const merged = merge(a, b);
      for (const [node, before] of [...a, ...b]) expect(merged.get(node)).toBeGreaterThanOrEqual(before);
      expect(rank(merged)).toBeGreaterThanOrEqual(Math.max(rank(a), rank(b)));
    }),
  );
});

test('a merge makes nothing up: each of its totals is one of the two', () => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      for (const [node, merged] of merge(a, b)) expect([a.get(node), b.get(node)]).toContain(merged);
    }),
  );
});

test('a merge leaves both counters as they were', () => {
  fc.assert(
    fc.property(counter, counter, (a, b) => {
      const before = [[...a], [...b]];
      merge(a, b);
      expect([[...a], [...b]]).toEqual(before);
    }),
  );
});

test('the value of two counters that share no node is the sum of their values', () => {
  const left = counterOf(['n0', 'n1'], fc.nat());
  const right = counterOf(['n2', 'n3'], fc.nat());
  fc.assert(
    fc.property(left, right, (a, b) => {
      expect(rank(merge(a, b))).toBe(rank(a) + rank(b));
    }),
  );
});

test('the value is the exact sum of all totals, or undefined past 2^53 - 1', () => {
  fc.assert(
    fc.property(counter, (a) => {
      expect(value(a)).toBe(within(exactSum(a.values())));
    }),
  );
  expect(value(new Map())).toBe(0);
});

test('a sum is exact, or undefined past 2^53 - 1', () => {
  fc.assert(
    fc.property(total, total, (a, b) => {
      expect(plus(a, b)).toBe(within(exactSum([a, b])));
    }),
  );
});

test('a sum of 2^53 - 1 is the last that is one', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (a) => {
      const rest = Number.MAX_SAFE_INTEGER - a;
      expect(plus(a, rest)).toBe(Number.MAX_SAFE_INTEGER);
      expect(plus(a, rest + 1)).toBeUndefined();
      expect(value(new Map(Object.entries({ n0: a, n1: rest, n2: 1 })))).toBeUndefined();
    }),
  );
});

test('a number is a total exactly if it is an integer from 0 to 2^53 - 1', () => {
  const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.constantFrom(2 ** 53, -1, 0.5));
  fc.assert(
    fc.property(number, (n) => {
      expect(isTotal(n)).toBe(Number.isInteger(n) && BigInt(n) >= 0n && BigInt(n) < LIMIT);
    }),
  );
  expect([0, 1, Number.MAX_SAFE_INTEGER].every(isTotal)).toBe(true);
});

test('what is not a number is not a total', () => {
  const other = fc.anything({ withBigInt: true }).filter((thing) => typeof thing !== 'number');
  fc.assert(
    fc.property(other, (thing) => {
      expect(isTotal(thing)).toBe(false);
    }),
  );
  expect([undefined, null, '3', [3], 3n, Object(3)].some(isTotal)).toBe(false);
});
