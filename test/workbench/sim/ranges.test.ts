import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ranges, formatRanges, includes, subsetSums } from '../../../src/workbench/sim/ranges.ts';

const base = fc.nat(100);

/** Small ones, which fill gaps, and large ones, which leave gaps. */
const deltas = fc.array(fc.oneof(fc.nat(6), fc.nat(6), fc.nat(1000)), { maxLength: 10, size: 'max' });

/** The sums of all subsets, one after the other. */
function allSums(start: number, choices: readonly number[]): Set<number> {
  let sums = new Set([start]);
  for (const choice of choices) sums = new Set([...sums, ...[...sums].map((sum) => sum + choice)]);
  return sums;
}

const members = (ranges: Ranges): number[] =>
  ranges.flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => low + i));

test('subset sums are the sums of all subsets, each once', () => {
  fc.assert(
    fc.property(base, deltas, (start, choices) => {
      const sums = members(subsetSums(start, choices));
      expect(sums).toEqual([...allSums(start, choices)].toSorted((a, b) => a - b));
    }),
  );
});

test('ranges ascend, and neither overlap nor touch', () => {
  fc.assert(
    fc.property(base, deltas, (start, choices) => {
      let end = -Infinity;
      for (const [low, high] of subsetSums(start, choices)) {
        expect(low).toBeGreaterThan(end + 1);
        expect(high).toBeGreaterThanOrEqual(low);
        end = high;
      }
    }),
  );
});

test('a set of ranges includes its members and nothing else', () => {
  fc.assert(
    fc.property(base, deltas, fc.nat(2000), (start, choices, n) => {
      expect(includes(subsetSums(start, choices), n)).toBe(allSums(start, choices).has(n));
    }),
  );
});

test('without deltas, there is one sum', () => {
  expect(subsetSums(7, [])).toEqual([[7, 7]]);
  expect(subsetSums(7, [0, 0])).toEqual([[7, 7]]);
});

test('adjacent sums are one range, others are several', () => {
  expect(subsetSums(0, [1, 1, 1])).toEqual([[0, 3]]);
  expect(subsetSums(10, [5, 1])).toEqual([
    [10, 11],
    [15, 16],
  ]);
});

test('many unknown adds of a few sizes stay cheap', () => {
  const many = Array.from({ length: 5000 }, (_, i) => i % 5);
  expect(subsetSums(3, many)).toEqual([[3, 3 + 10_000]]);
});

test('ranges are printed as Maelstrom prints them', () => {
  expect(formatRanges(subsetSums(10, [5, 1]))).toBe('[10 11] [15 16]');
  expect(formatRanges([])).toBe('');
});
