import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import {
  type Identity,
  firstIdentity,
  hasRandomSuffix,
  randomSuffix,
  replicaIdOf,
} from '../../src/crdt/replica-id.ts';
import {
  type CounterState,
  changedParts,
  merged,
  nodesOf,
  incremented,
  restored,
  showsMore,
  zero,
} from '../../src/crdt/counter-state.ts';

const KEY = 'likes';

const me = firstIdentity('node-1');

const mapOf = (nodes: Record<string, number>): GCounter => new Map(Object.entries(nodes));

const orThrow = (state: CounterState | undefined): CounterState => {
  if (state === undefined) throw new Error('this passes 2^53 - 1');
  return state;
};

/** A counter and the identity of its server, as a store has them. */
interface Kept {
  readonly identity: Identity;
  readonly state: CounterState;
}

const born = (nodeId: string): Kept => ({ identity: firstIdentity(nodeId), state: zero });

const increment = ({ identity, state }: Kept, amount: number): Kept => ({
  identity,
  state: orThrow(incremented(identity, state, amount)),
});

let drawn = 0;

/** Merges as a store does: first changes the replica id if it must. */
function mergeInto({ identity, state }: Kept, shown: GCounter): Kept {
  const isForgetful = showsMore(identity, state, shown);
  const ours = state.suffix === identity.suffix ? state.own : 0;
  const left = new Map([
    ...identity.counted,
    [replicaIdOf(identity.nodeId, identity.suffix), new Map([[KEY, ours]])],
  ]);
  const suffix = randomSuffix(++drawn / 1_000_000);
  const identityNow = isForgetful ? { ...identity, suffix, counted: left } : identity;
  return { identity: identityNow, state: orThrow(merged(identityNow, KEY, state, shown)) };
}

const nodes = ({ identity, state }: Kept): GCounter => nodesOf(identity, state);

const amount = fc.integer({ min: 1, max: 9 });
const foreign = fc
  .dictionary(fc.constantFrom('node-2', 'node-2~2', 'node-10', '__proto__', 'b'), fc.nat(99))
  .map(mapOf);

describe('maps of other nodes', () => {
  const kept = fc
    .tuple(foreign, amount)
    .map(([shown, own]) => mergeInto(increment(born('node-1'), own), shown));

  test('merge to the same in any order and any grouping', () => {
    fc.assert(
      fc.property(kept, foreign, foreign, (before, a, b) => {
        const inOrder = mergeInto(mergeInto(before, a), b);
        expect(nodes(mergeInto(mergeInto(before, b), a))).toEqual(nodes(inOrder));
        const together = nodes(mergeInto(mergeInto(born('node-3'), a), b));
        expect(nodes(mergeInto(before, together))).toEqual(nodes(inOrder));
      }),
    );
  });

  test('change nothing when they come again, or say what is known', () => {
    fc.assert(
      fc.property(kept, foreign, (before, a) => {
        const once = mergeInto(before, a);
        expect(mergeInto(once, a)).toEqual(once);
        expect(mergeInto(once, nodes(once))).toEqual(once);
        expect(mergeInto(once, new Map())).toEqual(once);
      }),
    );
  });

  test('never lower a total or the value, nor make one up', () => {
    fc.assert(
      fc.property(kept, foreign, (before, a) => {
        const after = mergeInto(before, a);
        const most = new Map(
          [...nodes(before), ...a].map(([name]) => [
            name,
            Math.max(nodes(before).get(name) ?? 0, a.get(name) ?? 0),
          ]),
        );
        expect(nodes(after)).toEqual(new Map([...most].filter(([, total]) => total > 0)));
        expect(after.state.value).toBe([...nodes(after).values()].reduce((sum, total) => sum + total, 0));
      }),
    );
  });
});

test('whatever two servers count and show each other, nothing is counted twice and nothing lost', () => {
  const step = fc.oneof(
    fc.record({ does: fc.constant('count'), first: fc.boolean(), amount }),
    fc.record({ does: fc.constantFrom('show', 'echo'), first: fc.boolean(), amount }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let [a, b] = [born('node-1'), born('node-2')];
      let sum = 0;
      let late: GCounter = new Map();
      for (const { does, first, amount: by } of steps) {
        if (does === 'count') {
          sum += by;
          if (first) a = increment(a, by);
          else b = increment(b, by);
        } else {
          const shown = does === 'echo' ? late : nodes(first ? a : b);
          late = nodes(first ? b : a);
          if (first) b = mergeInto(b, shown);
          else a = mergeInto(a, shown);
        }
      }
      a = mergeInto(a, nodes(b));
      b = mergeInto(b, nodes(a));
      expect([a.state.value, b.state.value]).toEqual([sum, sum]);
      expect([a.identity.suffix, b.identity.suffix]).toEqual([1, 1]);
    }),
  );
});

describe('a server that has lost its disk', () => {
  /** Totals of earlier disks are larger than what is counted here, since only a larger one can be told from ours. */
  const earlier = fc
    .dictionary(
      fc.constantFrom('node-1', 'node-1~2', 'node-1~3', 'node-2'),
      fc.integer({ min: 1000, max: 9999 }),
    )
    .map(mapOf);
  const step = fc.oneof(
    fc.record({ does: fc.constantFrom('count', 'echo'), by: amount, shown: fc.constant(mapOf({})) }),
    fc.record({ does: fc.constant('merge'), by: amount, shown: earlier }),
  );

  test('has the largest totals that were shown and all that it has counted, in any order of both', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let kept = born('node-1');
        let peer = born('peer');
        let counted = 0;
        const shown = new Map<string, number>();
        for (const next of steps) {
          if (next.does === 'count') {
            kept = increment(kept, next.by);
            counted += next.by;
          }
          for (const [name, total] of next.shown) shown.set(name, Math.max(total, shown.get(name) ?? 0));
          kept = mergeInto(kept, next.does === 'echo' ? nodes(peer) : next.shown);
          peer = mergeInto(peer, nodes(kept));
        }
        const sum = [...shown.values()].reduce((total, more) => total + more, counted);
        expect(kept.state.value).toBe(sum);
        expect(mergeInto(peer, nodes(kept)).state.value).toBe(sum);
        for (const [name, total] of shown) expect(nodes(kept).get(name)).toBe(total);
      }),
    );
  });

  test('leaves the earlier totals as shown and counts on under a random replica id', () => {
    const kept = mergeInto(increment(born('node-1'), 3), mapOf({ 'node-1': 10, 'node-2': 1 }));
    const own = replicaIdOf('node-1', kept.identity.suffix);
    expect(hasRandomSuffix(kept.identity.suffix)).toBe(true);
    expect(nodes(kept)).toEqual(mapOf({ 'node-1': 10, [own]: 3, 'node-2': 1 }));
    expect(nodes(increment(kept, 4))).toEqual(mapOf({ 'node-1': 10, [own]: 7, 'node-2': 1 }));
  });

  test.each(['node-1~2', 'node-1~7', 'node-1~999999', 'node-1~1000000', 'node-1~9007199254740991'])(
    'takes %s for the replica id of another disk, whatever its number',
    (name) => {
      const kept = mergeInto(increment(born('node-1'), 3), mapOf({ 'node-1': 2, [name]: 5 }));
      expect(nodes(increment(kept, 1))).toEqual(mapOf({ 'node-1': 4, [name]: 5 }));
    },
  );

  test('merges what is shown of an earlier replica id as it is', () => {
    const kept = mergeInto(increment(born('node-1'), 3), mapOf({ 'node-1': 10 }));
    const own = replicaIdOf('node-1', kept.identity.suffix);
    expect(nodes(mergeInto(kept, mapOf({ 'node-1': 12 })))).toEqual(mapOf({ 'node-1': 12, [own]: 3 }));
    expect(nodes(mergeInto(kept, mapOf({ 'node-1': 8 })))).toEqual(nodes(kept));
  });
});

test('an own total shown lower, or as it is, changes nothing', () => {
  const kept = increment(born('node-1'), 3);
  for (const total of [0, 1, 3]) expect(mergeInto(kept, mapOf({ 'node-1': total }))).toEqual(kept);
});

test("parts from the server's own disk do not change its replica id", () => {
  const state = orThrow(restored(me, zero, mapOf({ 'node-1': 3, 'node-2': 4 })));
  expect(state).toEqual({ own: 3, suffix: 1, others: mapOf({ 'node-2': 4 }), lowerBound: 0, value: 7 });
  expect(restored(me, state, mapOf({ 'node-1': 2 }))).toEqual(state);
});

test('a state under an earlier name is the same counter under the present one', () => {
  const state = orThrow(restored(me, zero, mapOf({ 'node-1': 3, 'node-1~2': 4 })));
  const later = { ...me, suffix: 2 };
  const after = orThrow(incremented(later, state, 1));
  expect(after).toEqual({ own: 5, suffix: 2, others: mapOf({ 'node-1': 3 }), lowerBound: 0, value: 8 });
  expect(changedParts(later, state, after)).toEqual(mapOf({ 'node-1~2': 5 }));
});

test('a value past 2^53 - 1 is undefined, whichever totals it is of', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const state = orThrow(incremented(me, zero, most - 1));
  expect(incremented(me, state, 1)?.value).toBe(most);
  expect(incremented(me, state, 2)).toBeUndefined();
  expect(incremented(me, state, most)).toBeUndefined();
  expect(merged(me, KEY, state, mapOf({ 'node-2': 1 }))?.value).toBe(most);
  expect(merged(me, KEY, state, mapOf({ 'node-2': 2 }))).toBeUndefined();
  expect(merged(me, KEY, zero, mapOf({ a: most, b: most, c: most }))).toBeUndefined();
});

test('the totals come in the order of their names', () => {
  const kept = mergeInto(
    increment(born('node-1'), 1),
    mapOf({ 'node-2': 2, a: 3, 'node-0': 4, '\u{1F511}': 5 }),
  );
  expect([...nodes(kept).keys()]).toEqual(['a', 'node-0', 'node-1', 'node-2', '\u{1F511}']);
});

test('zeros leave no trace', () => {
  expect(mergeInto(born('node-1'), mapOf({ 'node-2': 0, 'node-1': 0 }))).toEqual(born('node-1'));
});
