import { expect, test } from 'vitest';
import { Counters, RECENT } from '../../src/store/counters.ts';
import { type CounterState, zero } from '../../src/crdt/counter-state.ts';

const stateOf = (value: number): CounterState => ({ ...zero, own: value, value });

const countersOf = (...keys: string[]): Counters => {
  const counters = new Counters();
  for (const [at, key] of keys.entries()) counters.set(key, stateOf(at + 1));
  return counters;
};

const keysOf = (counters: Iterable<{ readonly key: string }>): string[] =>
  [...counters].map(({ key }) => key);

test('a counter has the state that was set last', () => {
  const counters = countersOf('a', 'b', 'a');
  expect(counters.get('a')).toMatchObject({ key: 'a', value: 3, own: 3, changedAt: 3 });
  expect(counters.get('b')).toMatchObject({ key: 'b', value: 2 });
  expect(counters.get('c')).toBeUndefined();
  expect([counters.size, counters.position]).toEqual([2, 3]);
  expect([...counters.keys()]).toEqual(['a', 'b']);
});

test('the names of object members are ordinary keys', () => {
  const counters = countersOf('__proto__', 'constructor', '');
  expect(['__proto__', 'constructor', ''].map((key) => counters.get(key)?.value)).toEqual([1, 2, 3]);
  expect(counters.get('toString')).toBeUndefined();
});

test('a list has the counters with a prefix, in order', () => {
  const counters = countersOf('b', 'ab', 'abc', 'a', 'ac', 'aba', 'B');
  expect(keysOf(counters.list('ab'))).toEqual(['ab', 'aba', 'abc']);
  expect(keysOf(counters.list(''))).toEqual(['B', 'a', 'ab', 'aba', 'abc', 'ac', 'b']);
  expect(keysOf(counters.list('abd'))).toEqual([]);
});

test('a list continues after any key, whether it exists or not', () => {
  const counters = countersOf('a1', 'a2', 'a4', 'b');
  expect(keysOf(counters.list('a', 'a2'))).toEqual(['a4']);
  expect(keysOf(counters.list('a', 'a3'))).toEqual(['a4']);
  expect(keysOf(counters.list('a', 'a4'))).toEqual([]);
  expect(keysOf(counters.list('a', 'c'))).toEqual([]);
  expect(keysOf(counters.list('b', 'a1'))).toEqual(['b']);
  expect(keysOf(counters.list('a', ''))).toEqual(['a1', 'a2', 'a4']);
});

test('a key that equals the prefix is in the list, and the list continues after it', () => {
  const counters = countersOf('a', 'a1', '', 'b');
  expect(keysOf(counters.list('a'))).toEqual(['a', 'a1']);
  expect(keysOf(counters.list('a', 'a'))).toEqual(['a1']);
  expect(keysOf(counters.list('', ''))).toEqual(['a', 'a1', 'b']);
});

test('the pages together have every counter once', () => {
  const keys = Array.from({ length: 1200 }, (_, number) => `key-${number}`);
  const counters = countersOf(...keys);
  const seen: string[] = [];
  for (let page: string[] = []; seen.length === 0 || page.length > 0; seen.push(...page)) {
    page = keysOf(counters.list('key-', seen.at(-1))).slice(0, 100);
  }
  expect(seen).toEqual(keys.toSorted());
});

test('counters that changed after a position are listed once, in the order of their latest changes', () => {
  const counters = countersOf('a', 'b', 'c', 'a', 'd', 'b');
  expect(keysOf(counters.changedAfter(0))).toEqual(['c', 'a', 'd', 'b']);
  expect(keysOf(counters.changedAfter(3))).toEqual(['a', 'd', 'b']);
  expect(keysOf(counters.changedAfter(4))).toEqual(['d', 'b']);
  expect(keysOf(counters.changedAfter(6))).toEqual([]);
});

test('positions that are too old, or not reached yet, are not remembered', () => {
  const counters = countersOf('a');
  expect([0, 1, 2].map((position) => counters.remembers(position))).toEqual([true, true, false]);
  for (let change = 0; change < RECENT; change++) counters.set(`b${change % 7}`, stateOf(change));
  expect(counters.position).toBe(RECENT + 1);
  expect([0, 1].map((position) => counters.remembers(position))).toEqual([false, true]);
});

test('nothing that changed after the oldest remembered position is missing', () => {
  const counters = countersOf('forgotten');
  for (let change = 0; change < RECENT; change++) counters.set(`b${change}`, stateOf(change));
  expect(new Set(keysOf(counters.changedAfter(1))).size).toBe(RECENT);
  expect(keysOf(counters.changedAfter(1))).not.toContain('forgotten');
});
