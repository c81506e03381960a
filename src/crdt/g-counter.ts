/**
 * The G-Counter, a counter that only grows, as a value: one total per node, incremented only by that node. Two copies
 * merge by taking the larger total of each node, so merging is commutative, associative and idempotent, and no
 * exchange of copies, however late, repeated or reordered, loses or double-counts an increment.
 *
 * Shapiro, Preguiça, Baquero, Zawirski: "A comprehensive study of Convergent and Commutative Replicated Data
 * Types", INRIA RR-7506 (2011), specification 6.
 */
import { type CounterType, mergeTotals } from './counter-type.ts';

/** Totals by node. */
export type GCounter = ReadonlyMap<string, number>;

/** Whether this is an integer from 0 to 2^53 − 1, as totals, deltas and values are. */
export function isTotal(candidate: unknown): candidate is number {
  return typeof candidate === 'number' && Number.isSafeInteger(candidate) && candidate >= 0;
}

/** `total + delta`, or undefined if the sum passes 2^53 − 1, beyond which numbers are not exact. */
export function plus(total: number, delta: number): number | undefined {
  const sum = total + delta;
  return sum <= Number.MAX_SAFE_INTEGER ? sum : undefined;
}

/** The larger total of each node. */
export const merge = (a: GCounter, b: GCounter): GCounter => mergeTotals(gTotal, a, b);

/** The sum of all totals, or undefined if it passes 2^53 − 1. */
export const value = (counter: GCounter): number | undefined => sumOf(counter.values());

function sumOf(totals: Iterable<number>): number | undefined {
  let total: number | undefined = 0;
  for (const next of totals) {
    total = plus(total, next);
    if (total === undefined) return undefined;
  }
  return total;
}

/** A node's total in a G-Counter. */
export const gTotal: CounterType<number> = {
  zero: 0,
  isDelta: isTotal,
  isTotal,
  increment: plus,
  equals: (a, b) => a === b,
  merge: Math.max,
  value: sumOf,
};
