import { expect, test } from 'vitest';
import {
  type LatencyDistribution,
  latencyDistributions,
  latencySampler,
} from '../../../src/workbench/sim/latency.ts';
import { streams } from '../../../src/workbench/sim/random.ts';

const MEAN_MS = 50;

function draw(distribution: LatencyDistribution, meanMs = MEAN_MS): number[] {
  const sample = latencySampler(distribution, meanMs, streams(1)('network'));
  return Array.from({ length: 100_000 }, sample);
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, next) => sum + next, 0) / numbers.length;

const shareBelow = (numbers: readonly number[], bound: number): number =>
  numbers.filter((number) => number < bound).length / numbers.length;

test.each(latencyDistributions)('%s latency has the given mean', (distribution) => {
  for (const meanMs of [1, MEAN_MS, 1000]) {
    expect(mean(draw(distribution, meanMs)) / meanMs).toBeCloseTo(1, 1.5);
  }
});

test.each(latencyDistributions)('%s latency is always 0 if the mean is 0', (distribution) => {
  expect(Math.max(...draw(distribution, 0).map(Math.abs))).toBe(0);
});

test('constant latency is always the same', () => {
  expect(new Set(draw('constant'))).toEqual(new Set([MEAN_MS]));
});

test('uniform latency is spread evenly from 0 to twice the mean', () => {
  const latencies = draw('uniform');
  expect(Math.min(...latencies)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...latencies)).toBeLessThan(2 * MEAN_MS);
  for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
    expect(shareBelow(latencies, share * 2 * MEAN_MS)).toBeCloseTo(share, 1.5);
  }
});

test('exponential latency is mostly short, finite, and unbounded', () => {
  const latencies = draw('exponential');
  expect(Math.min(...latencies)).toBeGreaterThanOrEqual(0);
  expect(latencies.every(Number.isFinite)).toBe(true);
  for (const means of [0.5, 1, 2, 4]) {
    expect(shareBelow(latencies, means * MEAN_MS)).toBeCloseTo(1 - Math.exp(-means), 2);
  }
  expect(Math.max(...latencies)).toBeGreaterThan(8 * MEAN_MS);
});

test.each([0, 1 - 2 ** -53])('exponential latency is finite for a draw of %d, at either end', (drawn) => {
  const sample = latencySampler('exponential', MEAN_MS, { next: () => drawn });
  expect(sample()).toBeLessThan(40 * MEAN_MS);
});
