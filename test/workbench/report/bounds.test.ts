import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from '../../../src/workbench/nodes/checker.ts';
import type { Operation } from '../../../src/workbench/nodes/history.ts';
import { boundsOf } from '../../../src/workbench/report/bounds.ts';
import { add, read } from '../../support/report-runs.ts';

test('the bounds are the sum of acknowledged adds, and that of all adds that have not failed', () => {
  const { steps } = boundsOf([
    add(0, 3, 2),
    add(1, 4, 3, { outcome: 'fail' }),
    add(2, 9, 5, { outcome: 'info' }),
  ]);
  expect(steps).toEqual([
    { timeMs: 0, low: 0, high: 0 },
    { timeMs: 0, low: 0, high: 2 },
    { timeMs: 2, low: 0, high: 7 },
    { timeMs: 3, low: 2, high: 7 },
  ]);
});

test('adds of negative deltas widen the bounds downwards until they are acknowledged', () => {
  const { steps } = boundsOf([add(0, 2, -3), add(1, 3, 4)]);
  expect(steps.map(({ low, high }) => [low, high])).toEqual([
    [0, 0],
    [-3, 0],
    [-3, 4],
    [-3, 1],
    [1, 1],
  ]);
});

/** Operations that begin and end in any order. */
const histories = fc
  .array(
    fc.record({
      isAdd: fc.boolean(),
      delta: fc.integer({ min: 0, max: 4 }),
      outcome: fc.constantFrom('ok', 'info', 'fail'),
    }),
    { maxLength: 12 },
  )
  .chain((specs) =>
    fc
      .shuffledSubarray(
        Array.from({ length: 2 * specs.length }, (_, i) => i),
        { minLength: 2 * specs.length },
      )
      .map((events) =>
        specs.map(({ isAdd, delta, outcome }, i): Operation => {
          const [a = 0, b = 0] = [events[2 * i], events[2 * i + 1]];
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          return isAdd ? add(from, to, delta, { outcome }) : read(from, to, delta);
        }),
      ),
  );

test('a read outside of its bounds is a problem to the checker as well', () => {
  fc.assert(
    fc.property(histories, (operations) => {
      const problems = new Set(judge(operations).map((problem) => problem.operation));
      const outside = [...boundsOf(operations).reads].filter(
        ([{ value = 0 }, { low, high }]) => value < low || value > high,
      );
      expect(outside.filter(([answered]) => !problems.has(answered))).toEqual([]);
    }),
  );
});
