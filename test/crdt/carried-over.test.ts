import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Origin, carriedOver, carriedOverAs } from '../../src/crdt/carried-over.ts';
import { type CounterState, incremented, merged, zero } from '../../src/crdt/counter-state.ts';
import { type GCounter, merge, value } from '../../src/crdt/g-counter.ts';
import { firstIdentity, randomSuffix } from '../../src/crdt/replica-id.ts';

const SUFFIX = randomSuffix(0);
const OWN = 'node-1~a00000';
const identity = firstIdentity('node-1', SUFFIX);
const alone: Origin = { identity, isAlone: true };
const member: Origin = { identity, isAlone: false };

function stateOf(others: Record<string, number>, own = 0, lowerBound = 0): CounterState {
  const totals = new Map(Object.entries(others));
  const sum = own + (value(totals) ?? 0);
  return { own, suffix: SUFFIX, others: totals, lowerBound, value: Math.max(sum, lowerBound) };
}

const carried = (origin: Origin, state: CounterState): Record<string, number> =>
  Object.fromEntries(carriedOver(origin, state));

describe('what is carried over', () => {
  test('counts under the random replica id, also what was counted under the plain one, if nobody else has that', () => {
    const state = stateOf({ 'node-1': 3, 'node-2': 4, 'node-3~b00000': 5 }, 1);
    expect(carried(alone, state)).toEqual({ [OWN]: 4, 'node-2~1': 4, 'node-3~b00000': 5 });
    expect(carried(member, state)).toEqual({ [OWN]: 1, 'node-1~1': 3, 'node-2~1': 4, 'node-3~b00000': 5 });
  });

  test('has no name that a server may claim as a slot', () => {
    const name = fc.stringMatching(/^[a-z]{1,3}(~[0-9a-z]{1,6})?$/);
    fc.assert(
      fc.property(fc.dictionary(name, fc.integer({ min: 1, max: 9 })), fc.boolean(), (others, isAlone) => {
        const names = [...carriedOver({ identity, isAlone }, stateOf(others, 1)).keys()];
        expect(names.filter((each) => !each.includes('~'))).toEqual([]);
      }),
    );
  });

  test('has what the lower bound is ahead of the sum as part of its own total', () => {
    expect(carried(member, stateOf({}, 5, 10))).toEqual({ [OWN]: 10 });
    expect(carried(member, stateOf({ 'node-2': 20 }, 5, 10))).toEqual({ [OWN]: 5, 'node-2~1': 20 });
    expect(carried(member, zero)).toEqual({});
  });

  test('stays under the first random replica id when the disk takes another', () => {
    const counted = new Map([
      ['node-1', new Map([['likes', 3]])],
      [OWN, new Map([['likes', 2]])],
    ]);
    const later = { nodeId: 'node-1', suffix: randomSuffix(0.5), counted };
    expect(carriedOverAs(later)).toBe(OWN);
    const state = { ...stateOf({ 'node-1': 3, [OWN]: 2 }, 4), suffix: later.suffix };
    const totals = carriedOver({ identity: later, isAlone: true }, state);
    expect(totals.get(OWN)).toBe(5);
    expect(value(totals)).toBe(9);
  });

  test('comes to the value of the disk, at whatever moments it is carried over while the disk counts', () => {
    const step = fc.record({ amount: fc.integer({ min: 1, max: 5 }), isCarried: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(step), (lowerBound, steps) => {
        let state = merged(identity, 'likes', zero, new Map([['', lowerBound]])) ?? zero;
        let store: GCounter = new Map();
        for (const { amount, isCarried } of steps) {
          state = incremented(identity, state, amount) ?? state;
          if (isCarried) store = merge(store, carriedOver(alone, state));
        }
        expect(value(merge(store, carriedOver(alone, state)))).toBe(state.value);
      }),
    );
  });
});
