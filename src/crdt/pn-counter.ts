/**
 * The PN-Counter, which counts up and down: a node's total is the sum of its increments and the sum of its decrements.
 * Each only grows, so the pair merges like two G-Counters and never returns to an earlier value. A single total that
 * rises and falls could, and a repeated or late compare-and-swap with it.
 */
import { gTotal, isTotal } from './g-counter.ts';
import type { CounterType } from './counter-type.ts';

/** A node's total in a PN-Counter. */
export type PnTotal = readonly [increments: number, decrements: number];

export const pnTotal: CounterType<PnTotal> = {
  zero: [0, 0],
  isDelta: (json): json is number => typeof json === 'number' && Number.isSafeInteger(json),
  isTotal: (json): json is PnTotal => Array.isArray(json) && json.length === 2 && json.every(isTotal),
  increment([increments, decrements], delta) {
    const incremented = gTotal.increment(delta > 0 ? increments : decrements, Math.abs(delta));
    if (incremented === undefined) return undefined;
    return delta > 0 ? [incremented, decrements] : [increments, incremented];
  },
  equals: (a, b) => a[0] === b[0] && a[1] === b[1],
  merge: (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1])],
  value(totals) {
    const pairs = [...totals];
    const increments = gTotal.value(pairs.map((pair) => pair[0]));
    const decrements = gTotal.value(pairs.map((pair) => pair[1]));
    return increments === undefined || decrements === undefined ? undefined : increments - decrements;
  },
};
