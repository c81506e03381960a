import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import { type Identity, firstIdentity, randomSuffix, replicaIdOf } from '../../src/crdt/replica-id.ts';
import {
  type CounterState,
  LOWER_BOUND,
  changedParts,
  merged,
  showsMore,
  nodesOf,
  partsOf,
  incremented,
  restored,
  zero,
} from '../../src/crdt/counter-state.ts';

const KEY = 'likes';
const me = firstIdentity('node-1');
const other = firstIdentity('node-2');

const orThrow = (state: CounterState | undefined): CounterState => {
  if (state === undefined) throw new Error('this passes 2^53 - 1');
  return state;
};
const merge = (state: CounterState, shown: GCounter, identity: Identity = me): CounterState =>
  orThrow(merged(identity, KEY, state, shown));
const increment = (state: CounterState, amount: number, identity: Identity = me): CounterState =>
  orThrow(incremented(identity, state, amount));
const withLowerBound = (lowerBound: number, state: CounterState = zero): CounterState =>
  merge(state, new Map([[LOWER_BOUND, lowerBound]]));
const sumOf = (state: CounterState, identity: Identity = me): number =>
  [...nodesOf(identity, state).values()].reduce((sum, total) => sum + total, 0);

const amount = fc.integer({ min: 1, max: 99 });
const shown: fc.Arbitrary<GCounter> = fc
  .array(fc.tuple(fc.constantFrom('node-2', 'node-3', '__proto__', LOWER_BOUND), fc.nat(300)))
  .map((entries) => new Map(entries));
const state = fc
  .tuple(fc.nat(99), shown)
  .map(([own, parts]) => merge(own === 0 ? zero : increment(zero, own), parts));

describe('counters with lowerBounds', () => {
  test('merge to the same in any order and any grouping', () => {
    fc.assert(
      fc.property(state, shown, shown, (before, a, b) => {
        const inOrder = merge(merge(before, a), b);
        expect(merge(merge(before, b), a)).toEqual(inOrder);
        const fourth = firstIdentity('node-4');
        const together = partsOf(fourth, merge(merge(zero, a, fourth), b, fourth));
        expect(partsOf(me, merge(before, together))).toEqual(partsOf(me, inOrder));
      }),
    );
  });

  test('change by nothing that comes again, or that is known', () => {
    fc.assert(
      fc.property(state, shown, (before, a) => {
        const once = merge(before, a);
        expect(merge(once, a)).toEqual(once);
        expect(merge(once, partsOf(me, once))).toEqual(once);
        expect(restored(me, once, partsOf(me, once))).toEqual(once);
        expect(changedParts(me, once, merge(once, a))).toEqual(new Map());
      }),
    );
  });

  test('have the value of their totals, or their lowerBound where that is larger', () => {
    fc.assert(
      fc.property(state, shown, (before, a) => {
        const after = merge(before, a);
        expect(after.value).toBe(Math.max(sumOf(after), after.lowerBound));
        expect(after.lowerBound).toBe(Math.max(before.lowerBound, a.get(LOWER_BOUND) ?? 0));
      }),
    );
  });

  test('are the same from their parts, whichever server reads them', () => {
    fc.assert(
      fc.property(state, (before) => {
        const parts = partsOf(me, before);
        expect(restored(me, zero, parts)).toEqual(before);
        expect(partsOf(other, orThrow(restored(other, zero, parts)))).toEqual(parts);
        expect(orThrow(restored(other, zero, parts)).value).toBe(before.value);
      }),
    );
  });

  test('rise by each increment of ours by as much', () => {
    fc.assert(
      fc.property(state, amount, (before, by) => {
        const after = increment(before, by);
        expect(after.value).toBe(before.value + by);
        expect(sumOf(after)).toBe(sumOf(before) + by);
        expect(after.lowerBound).toBe(
          before.lowerBound > sumOf(before) ? before.lowerBound + by : before.lowerBound,
        );
      }),
    );
  });

  test('never go back, whatever is counted and merged', () => {
    const step = fc.oneof(amount, shown);
    fc.assert(
      fc.property(state, fc.array(step), (before, steps) => {
        let now = before;
        for (const next of steps) {
          const after = typeof next === 'number' ? increment(now, next) : merge(now, next);
          expect(after.value).toBeGreaterThanOrEqual(now.value);
          expect(after.lowerBound).toBeGreaterThanOrEqual(now.lowerBound);
          for (const [name, total] of nodesOf(me, now)) {
            expect(nodesOf(me, after).get(name)).toBeGreaterThanOrEqual(total);
          }
          now = after;
        }
      }),
    );
  });

  test('have every increment in their totals, whatever lower bounds are shown', () => {
    const step = fc.record({ first: fc.boolean(), by: fc.nat(9), lowerBound: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let [a, b, sum, most] = [zero, zero, 0, 0];
        for (const { first, by, lowerBound } of steps) {
          if (by > 0 && first) a = increment(a, by, me);
          else if (by > 0) b = increment(b, by, other);
          sum += by;
          const parts = new Map([...partsOf(first ? me : other, first ? a : b), [LOWER_BOUND, lowerBound]]);
          if (first) b = merge(b, parts, other);
          else a = merge(a, parts, me);
          most = Math.max(most, a.value, b.value);
        }
        a = merge(a, partsOf(other, b), me);
        b = merge(b, partsOf(me, a), other);
        expect([sumOf(a, me), sumOf(b, other)]).toEqual([sum, sum]);
        expect([a.value, b.value]).toEqual([Math.max(most, sum), Math.max(most, sum)]);
      }),
    );
  });
});

describe('a lower bound', () => {
  test('is never one of the totals', () => {
    const after = increment(withLowerBound(10), 3);
    expect(nodesOf(me, after)).toEqual(new Map([['node-1', 3]]));
    expect(partsOf(me, after)).toEqual(
      new Map([
        [LOWER_BOUND, 13],
        ['node-1', 3],
      ]),
    );
  });

  test('that is behind does not rise with increments, and shows in nothing', () => {
    const after = increment(withLowerBound(2, increment(zero, 5)), 1);
    expect(after).toMatchObject({ own: 6, lowerBound: 2, value: 6 });
  });

  test('that the totals have just reached is not ahead any more', () => {
    const after = increment(withLowerBound(5, increment(zero, 5)), 1);
    expect(after).toMatchObject({ own: 6, lowerBound: 5, value: 6 });
  });

  test('that is passed within an increment shows all of the increment', () => {
    expect(increment(withLowerBound(5, increment(zero, 4)), 3)).toMatchObject({
      own: 7,
      lowerBound: 8,
      value: 8,
    });
  });

  test('of 2^53 - 1 leaves no room for an increment, and is not a sum that is too large', () => {
    const full = withLowerBound(Number.MAX_SAFE_INTEGER, increment(zero, 5));
    expect(full.value).toBe(Number.MAX_SAFE_INTEGER);
    expect(incremented(me, full, 1)).toBeUndefined();
    const nearly = withLowerBound(Number.MAX_SAFE_INTEGER - 1, increment(zero, 5));
    expect(incremented(me, nearly, 1)?.value).toBe(Number.MAX_SAFE_INTEGER);
    expect(incremented(me, nearly, 2)).toBeUndefined();
  });

  test('is not a reason to change the replica id', () => {
    for (const identity of [me, { ...me, suffix: randomSuffix(0.5) }]) {
      expect(showsMore(identity, zero, new Map([[LOWER_BOUND, 99]]))).toBe(false);
    }
  });

  test('stays what it is when we count under another name', () => {
    const later = { ...me, suffix: randomSuffix(0.5) };
    const after = increment(withLowerBound(10, increment(zero, 3)), 2, later);
    expect(after).toMatchObject({ own: 2, lowerBound: 12, value: 12 });
    expect(partsOf(later, after)).toEqual(
      new Map([
        [LOWER_BOUND, 12],
        ['node-1', 3],
        [replicaIdOf('node-1', later.suffix), 2],
      ]),
    );
  });

  test('of zero leaves no trace', () => {
    expect(withLowerBound(0)).toEqual(zero);
    expect(partsOf(me, withLowerBound(0))).toEqual(new Map());
  });
});

describe('a server with a random replica id', () => {
  const suffix = randomSuffix(0.25);
  const living = { ...me, suffix };
  const name = replicaIdOf('node-1', suffix);

  test('takes another when it is shown more under its replica id than it has counted', () => {
    const counted = increment(zero, 3, living);
    const isForgetful = (parts: Record<string, number>): boolean =>
      showsMore(living, counted, new Map(Object.entries(parts)));
    expect([4, 3, 2].map((total) => isForgetful({ [name]: total }))).toEqual([true, false, false]);
    expect(isForgetful({})).toBe(false);
  });

  test('keeps it when it is shown more under any other, of its node or another', () => {
    const names = [
      'node-1',
      'node-1~2',
      'node-1~999999',
      'node-1~zik0zj',
      replicaIdOf('node-2', suffix),
      'a',
    ];
    for (const each of names) {
      expect(showsMore(living, zero, new Map([[each, 9]]))).toBe(false);
    }
  });

  test('merges what others show under earlier replica ids, without losing its own', () => {
    const identity = { ...living, counted: new Map([['node-1', new Map([[KEY, 3]])]]) };
    const before = increment(increment(zero, 3), 2, identity);
    const after = merge(before, new Map([['node-1', 10]]), identity);
    expect(nodesOf(identity, after)).toEqual(
      new Map([
        ['node-1', 10],
        [name, 5],
      ]),
    );
    expect(after.value).toBe(15);
  });

  test('a plain one is kept when more is shown under others of its node', () => {
    expect(showsMore(me, zero, new Map(Object.entries({ [name]: 9, 'node-1~4': 1 })))).toBe(false);
  });
});
