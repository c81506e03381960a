/** The rate and the spark line that the page draws from samples. */
import { expect, test } from 'vitest';
import { Trend } from '../../../src/server/page/trend.ts';

/** A trend with a sample a second after the start. */
function trendOf(start: number, ...values: number[]): Trend {
  const trend = new Trend(start);
  for (const value of values) trend.sample(value, 1);
  return trend;
}

test('the rate is that of the last ten seconds', () => {
  const steady = Array.from({ length: 30 }, (_, second) => 1000 + 2 * second);
  expect(trendOf(0, ...steady).perSecond).toBe(2);
});

test('the rate of a younger trend is that of all its seconds', () => {
  expect(trendOf(0, 3, 9).perSecond).toBe(4.5);
});

test('a value that does not change is a flat line at the bottom', () => {
  expect(trendOf(7, 7, 7).path).toBe('M117 24H119');
});

test('a value that grows climbs from the bottom to the top, and ends at the right', () => {
  expect(trendOf(0, 1, 4).path).toBe('M117 24.0L118 18.5L119 2.0');
});

test('a straight line stands for seconds without samples', () => {
  const trend = trendOf(0);
  trend.sample(30, 3);
  expect(trend.path).toBe(trendOf(0, 10, 20, 30).path);
});

test('only two minutes are kept, however long the page was hidden', () => {
  const trend = trendOf(5, 6);
  trend.sample(100_006, 100_000);
  expect(trend.path.split('L')).toHaveLength(120);
  expect(trend.perSecond).toBeCloseTo(1);
});

test('a value that has fallen begins a new trend', () => {
  const trend = trendOf(50, 60);
  trend.restartBelow(60);
  expect(trend.perSecond).toBe(10);
  trend.restartBelow(3);
  trend.sample(3, 1);
  expect([trend.perSecond, trend.path]).toEqual([0, 'M118 24H119']);
});
