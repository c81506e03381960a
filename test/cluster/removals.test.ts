import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Removals,
  MAX_AHEAD_MS,
  MAX_REMOVALS,
  mergeRemovals,
  redated,
  withRemoval,
} from '../../src/cluster/removals.ts';

const removal = fc.record({ version: fc.nat(5), removed: fc.boolean() });
const id = fc.constantFrom('node-1', 'node-2', 'node-3', '__proto__', '1');
const removals: fc.Arbitrary<Removals> = fc
  .array(fc.tuple(id, removal), { maxLength: 6 })
  .map((entries) => new Map(entries));

const many = (count: number, removed: boolean, prefix = 'node'): Removals =>
  new Map(Array.from({ length: count }, (_, at) => [`${prefix}-${at}`, { version: at + 1, removed }]));

describe('decisions', () => {
  test('merge to the same in any order and any grouping', () => {
    fc.assert(
      fc.property(removals, removals, removals, (a, b, c) => {
        expect(mergeRemovals(b, a)).toEqual(mergeRemovals(a, b));
        expect(mergeRemovals(a, mergeRemovals(b, c))).toEqual(mergeRemovals(mergeRemovals(a, b), c));
      }),
    );
  });

  test('change nothing when they come again', () => {
    fc.assert(
      fc.property(removals, removals, (a, b) => {
        expect(mergeRemovals(a, a)).toEqual(a);
        const merged = mergeRemovals(a, b);
        expect(mergeRemovals(merged, b)).toEqual(merged);
        expect(mergeRemovals(merged, new Map())).toEqual(merged);
      }),
    );
  });

  test('are later than the one that they overrule, and leave the others alone', () => {
    fc.assert(
      fc.property(removals, id, fc.boolean(), fc.nat(9), (known, about, removed, nowMs) => {
        const after = withRemoval(known, about, removed, nowMs);
        expect(after.get(about)?.removed).toBe(removed);
        expect(after.get(about)?.version).toBeGreaterThanOrEqual(nowMs);
        expect(after.get(about)?.version).toBeGreaterThan(known.get(about)?.version ?? -1);
        const others = (all: Removals) => [...all].filter(([other]) => other !== about);
        expect(others(after)).toEqual(others(known));
        expect(mergeRemovals(known, after)).toEqual(after);
      }),
    );
  });
});

test('of two decisions of the same moment the one that removes holds', () => {
  const known = withRemoval(new Map(), 'node-1', false, 7);
  const [removed, kept] = [withRemoval(known, 'node-1', true, 7), withRemoval(known, 'node-1', false, 7)];
  expect(mergeRemovals(removed, kept).get('node-1')?.removed).toBe(true);
  expect(mergeRemovals(kept, removed).get('node-1')?.removed).toBe(true);
});

test('a node that was removed and registered again stays, whatever older gossip says', () => {
  const removed = withRemoval(new Map(), 'node-1', true, 7);
  const registered = withRemoval(removed, 'node-1', false, 7);
  expect(mergeRemovals(registered, removed).get('node-1')?.removed).toBe(false);
});

test('their number is bounded', () => {
  const merged = mergeRemovals(many(MAX_REMOVALS, true), many(MAX_REMOVALS, false, 'other'));
  expect(merged.size).toBe(MAX_REMOVALS);
  expect(mergeRemovals(merged, many(3 * MAX_REMOVALS, true, 'third')).size).toBe(MAX_REMOVALS);
});

test('registrations are dropped first, and of each kind the oldest', () => {
  const merged = mergeRemovals(many(MAX_REMOVALS - 1, true), many(3, false, 'other'));
  expect([...merged.values()].filter(({ removed }) => removed)).toHaveLength(MAX_REMOVALS - 1);
  expect(merged.has('other-2')).toBe(true);
  const full = mergeRemovals(
    many(MAX_REMOVALS, true),
    new Map([['candidate', { version: 5000, removed: true }]]),
  );
  expect([full.has('candidate'), full.has('node-0'), full.has('node-1')]).toEqual([true, false, true]);
});

test('too many removals merge to the same in either order', () => {
  const [a, b] = [many(800, true), many(800, false, 'other')];
  expect(mergeRemovals(b, a)).toEqual(mergeRemovals(a, b));
});

test('those far ahead of the clock are dated now, the others stay', () => {
  const known: Removals = new Map([
    ['a', { version: 7, removed: true }],
    ['b', { version: 8 + MAX_AHEAD_MS, removed: true }],
    ['c', { version: Number.MAX_SAFE_INTEGER, removed: false }],
  ]);
  expect(redated(known, 8)).toEqual(new Map([...known, ['c', { version: 8, removed: false }]]));
  expect(redated(redated(known, 7), 7).get('b')).toEqual({ version: 7, removed: true });
});
