import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linear, linearTicks, logarithmic, roundStep } from '../../../src/workbench/report/axes.ts';

const interval = fc
  .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-3, max: 1e9, noNaN: true }))
  .map(([low, width]) => [low, low + width] as const)
  .filter(([low, high]) => high - low > 1e-6 * Math.abs(low));

describe('ticks', () => {
  test('lie within the domain, ascend in equal steps, and are few', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 1, max: 20 }), ([low, high], count) => {
        const ticks = linearTicks([low, high], count);
        const slack = (high - low) * 1e-6;
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(low - slack);
          expect(tick).toBeLessThanOrEqual(high + slack);
        }
        const steps = ticks.slice(1).map((tick, i) => tick - (ticks[i] ?? 0));
        for (const step of steps) expect(Math.abs(step - (steps[0] ?? 0))).toBeLessThan(slack + 1e-9);
        expect(ticks.length).toBeLessThanOrEqual(count + 1);
      }),
    );
  });

  test('are multiples of 1, 2 or 5 times a power of ten', () => {
    expect(linearTicks([0, 10], 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(linearTicks([0.81, 0.83], 4)).toEqual([0.81, 0.815, 0.82, 0.825, 0.83]);
    expect(linearTicks([-7, 12], 4)).toEqual([-5, 0, 5, 10]);
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (least) => {
        const step = roundStep(least);
        expect(step).toBeGreaterThanOrEqual(least * (1 - 1e-9));
        expect([1, 2, 5]).toContain(Number((step / 10 ** Math.floor(Math.log10(step * 1.0001))).toFixed(6)));
      }),
    );
  });

  test('of a count are whole numbers', () => {
    expect(linear([0, 1], [0, 100], 6, 1).ticks).toEqual([0, 1]);
  });

  test('of a logarithmic axis are powers of ten, with 2 and 5 between where these are few', () => {
    expect(logarithmic([1, 1e6], [0, 100]).ticks).toEqual([1, 10, 100, 1000, 10_000, 100_000, 1_000_000]);
    expect(logarithmic([1, 20], [0, 100]).ticks).toEqual([1, 2, 5, 10, 20]);
  });
});

describe('a scale', () => {
  test('maps the ends of its domain to the ends of its range', () => {
    for (const scale of [linear([2, 10], [300, 100], 5), logarithmic([2, 200], [300, 100])]) {
      expect(scale.at(scale.domain[0])).toBeCloseTo(300);
      expect(scale.at(scale.domain[1])).toBeCloseTo(100);
    }
  });

  test('of an empty domain is widened', () => {
    expect(linear([5, 5], [0, 100], 5).at(5)).toBe(0);
    expect(logarithmic([0, 0], [0, 100]).at(0)).toBe(0);
  });

  test('that is logarithmic places nothing below its range', () => {
    expect(logarithmic([1, 100], [0, 100]).at(0)).toBe(0);
    expect(logarithmic([1, 100], [0, 100]).at(10)).toBeCloseTo(50);
  });
});
