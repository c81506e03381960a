import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packIntegers, unpackIntegers } from '../../src/store/packed-integers.ts';

const integers = fc.array(fc.oneof(fc.nat(9), fc.nat(300), fc.maxSafeNat()), { maxLength: 20 });

test('unpacking reverses packing', () => {
  fc.assert(
    fc.property(integers, (some) => {
      expect(unpackIntegers(packIntegers(some))).toEqual(some);
    }),
  );
  const extremes = [0, 2 ** 53 - 1, 0, 63, 0, 64, 127, 128, 0, 64 * 128 - 1, 0, 64 * 128, 2 ** 53 - 1];
  expect(unpackIntegers(packIntegers(extremes))).toEqual(extremes);
});

test('values that rise by little take a byte each', () => {
  const rising = Array.from({ length: 5400 }, (_, at) => 1_000_000_000_000 + 7 * at);
  expect(packIntegers(rising).length).toBeLessThan(5400 + 8);
});
