import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, uniqueIntegers } from '../../src/runtime/random.ts';

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Gives out `draws`, and then nothing any more. */
function scripted(...draws: number[]): Random {
  return {
    next() {
      const next = draws.shift();
      if (next === undefined) throw new Error('more was drawn than expected');
      return next;
    },
  };
}

const start = (random: number): number => uniqueIntegers(scripted(random))();

test('unique integers increase, and are safe from any start', () => {
  fc.assert(
    fc.property(draw, (random) => {
      const next = uniqueIntegers(scripted(random));
      let previous = next();
      expect(previous).toBeGreaterThanOrEqual(0);
      for (let count = 0; count < 100; count++) {
        const integer = next();
        expect(Number.isSafeInteger(integer)).toBe(true);
        expect(integer).toBeGreaterThan(previous);
        previous = integer;
      }
    }),
  );
});

test('even the last possible start leaves 2^52 unique integers', () => {
  expect(start(1 - 2 ** -53) + 2 ** 52 - 1).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
});

test('starts are as far apart as the draws they come from, of the whole range up to 2^52', () => {
  expect(start(0.5) - start(0)).toBe(2 ** 51);
  expect(start(2 ** -52) - start(0)).toBe(1);
});
