/** The counters with the largest values, found while they change. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { zero } from '../../src/crdt/counter-state.ts';
import { Counters } from '../../src/store/counters.ts';
import { largestOf, slicesOf } from '../../src/store/largest.ts';

type Entry = readonly [key: string, value: number];

const char = fc.constantFrom('a', 'b', '~', '\u{1f9ee}', '\uffff');
const key = fc.array(char, { minLength: 1, maxLength: 5 }).map((chars) => chars.join(''));
/** So few that many are equal. */
const value = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.maxSafeNat());
const entries = fc.uniqueArray(fc.tuple(key, value), { maxLength: 900, selector: ([each]) => each });

const countersOf = (all: readonly Entry[]): Counters => {
  const counters = new Counters();
  for (const each of all) set(counters, ...each);
  return counters;
};

const set = (counters: Counters, name: string, to: number): void =>
  counters.set(name, { ...zero, own: to, value: to });

const largest = async (
  counters: Counters,
  prefix: string,
  limit: number,
  pause: () => void = () => {},
): Promise<Entry[]> => {
  const slices = slicesOf('node-1', counters, prefix, async () => pause());
  return (await largestOf(slices, limit)).map((counter) => [counter.key, counter.value]);
};

const sortedBy = (all: readonly Entry[], prefix: string, limit: number): Entry[] =>
  all
    .filter(([name]) => name.startsWith(prefix))
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, limit);

test('the largest are the first of all counters in the order of their values and keys', async () => {
  await fc.assert(
    fc.asyncProperty(entries, key, fc.integer({ min: 1, max: 400 }), async (all, text, limit) => {
      const prefix = text.slice(0, text.length % 3);
      expect(await largest(countersOf(all), prefix, limit)).toEqual(sortedBy(all, prefix, limit));
    }),
    { numRuns: 200, seed: 1 },
  );
});

const MANY = 10_000;
const many = Array.from({ length: MANY }, (_, n): Entry => [`key-${n}`, (n * 7919) % MANY]);

test('the largest are those of the moment at which they were asked for, whatever changes while they are found', async () => {
  const counters = countersOf(many);
  let pauses = 0;
  const found = await largest(counters, '', 20, () => {
    pauses++;
    // Read already and not yet, with the prefix and without, known and new.
    for (const [name] of many) set(counters, name, 2 * MANY + pauses);
    for (const name of [`!${pauses}`, `key-5${pauses}`, `~${pauses}`]) set(counters, name, 9 * MANY);
  });
  expect(pauses).toBeGreaterThan(2);
  expect(found).toEqual(sortedBy(many, '', 20));
});

test('others get their turn while the largest of many are found, and nothing of it is kept', async () => {
  const counters = countersOf(many);
  const longest = { counters: 0 };
  for await (const slice of slicesOf('node-1', counters, '', async () => {}))
    longest.counters = Math.max(longest.counters, slice.length);
  expect(longest.counters).toBeLessThan(MANY / 4);
});
