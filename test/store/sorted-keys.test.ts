import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedKeys } from '../../src/store/sorted-keys.ts';

const setOf = (keys: readonly string[]): SortedKeys => {
  const sorted = new SortedKeys();
  for (const key of keys) sorted.add(key);
  return sorted;
};

/** As many as to fill several runs, in the order of their numbers. */
const manyKeys = Array.from({ length: 3000 }, (_, number) => String(number).padStart(4, '0'));

test('the keys from any place on equal those of a sorted array', () => {
  const key = fc.string({
    unit: fc.constantFrom('\0', 'A', 'a', 'b', '\uD800', '\u{1F511}', '\uFFFD'),
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.uniqueArray(key), key, (some, from) => {
      const sorted = some.toSorted((a, b) => (a < b ? -1 : 1));
      expect([...setOf(some).from('')]).toEqual(sorted);
      expect([...setOf(some).from(from)]).toEqual(sorted.filter((other) => other >= from));
    }),
  );
});

test('keys are ordered by UTF-16 code units, as strings are by <', () => {
  const keys = ['\u{1F511}', '\uFFFD', 'b', 'B', '', 'a\u0000', 'a', '10', '9'];
  expect([...setOf(keys).from('')]).toEqual(['', '10', '9', 'B', 'a', 'a\u0000', 'b', '\u{1F511}', '\uFFFD']);
});

test.each<[string, string[]]>([
  ['in their order', manyKeys],
  ['in the opposite order', manyKeys.toReversed()],
  ['from both ends', manyKeys.map((key, at) => (at % 2 === 0 ? key : (manyKeys.at(-at) ?? key)))],
  [
    'at one place in the middle',
    [...manyKeys.filter((_, at) => at % 2 === 0), ...manyKeys.filter((_, at) => at % 2 === 1)],
  ],
])('thousands of keys that are added %s are all there, once and in order', (_, arriving) => {
  expect(new Set(arriving).size).toBe(manyKeys.length);
  const keys = setOf(arriving);
  expect([...keys.from('')]).toEqual(manyKeys);
  for (const at of [1, 511, 512, 513, 1024, 2999]) {
    expect([...keys.from(manyKeys[at] ?? '')]).toEqual(manyKeys.slice(at));
    expect([...keys.from(`${manyKeys[at] ?? ''}!`)]).toEqual(manyKeys.slice(at + 1));
  }
  expect([...keys.from('9999')]).toEqual([]);
});
