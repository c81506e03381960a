import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Operation, Outcome } from '../../../src/workbench/nodes/history.ts';
import { functionStats } from '../../../src/workbench/nodes/stats.ts';

const operation = (latencyMs: number, outcome: Outcome = 'ok'): Operation => ({
  f: 'add',
  process: 0,
  node: 'n0',
  invoked: { index: 0, timeMs: 1000 },
  completed: { index: 1, timeMs: 1000 + latencyMs },
  outcome,
  final: false,
  delta: 1,
});

const latencies = fc.array(fc.nat(1000), { minLength: 1, maxLength: 300, size: 'max' });

/** The smallest value that at least `percent` of all values do not exceed, found by trying each. */
function percentile(values: readonly number[], percent: number): number | undefined {
  return values
    .toSorted((a, b) => a - b)
    .find((value) => 100 * values.filter((other) => other <= value).length >= percent * values.length);
}

test('quantiles are by nearest rank', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      expect(functionStats(values.map((value) => operation(value))).latencyMs).toEqual({
        p50: percentile(values, 50),
        p95: percentile(values, 95),
        p99: percentile(values, 99),
        max: Math.max(...values),
      });
    }),
  );
});

test('the pth quantile of 1 to 100 is p', () => {
  const operations = Array.from({ length: 100 }, (_, i) => operation(100 - i));
  expect(functionStats(operations).latencyMs).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
});

test('a single operation is every quantile', () => {
  expect(functionStats([operation(7)]).latencyMs).toEqual({ p50: 7, p95: 7, p99: 7, max: 7 });
});

test('every operation is counted once, under its outcome', () => {
  const outcome = fc.constantFrom<Outcome>('ok', 'fail', 'info');
  fc.assert(
    fc.property(fc.array(outcome), (outcomes) => {
      const { count, ok, fail, info } = functionStats(outcomes.map((next) => operation(1, next)));
      expect(count).toBe(outcomes.length);
      expect({ ok, fail, info }).toEqual({
        ok: outcomes.filter((next) => next === 'ok').length,
        fail: outcomes.filter((next) => next === 'fail').length,
        info: outcomes.filter((next) => next === 'info').length,
      });
    }),
  );
});

test('only operations that succeeded have a latency', () => {
  const slow = [operation(5000, 'info'), operation(4000, 'fail')];
  expect(functionStats([...slow, operation(3)]).latencyMs?.max).toBe(3);
  expect(functionStats(slow)).toStrictEqual({ count: 2, ok: 0, fail: 1, info: 1 });
  expect(functionStats([])).toStrictEqual({ count: 0, ok: 0, fail: 0, info: 0 });
});
