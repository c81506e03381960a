import type { Random } from './random.ts';

const FIRST_MS = 50;
const LONGEST_MS = 1000;

/**
 * How long to wait before try number `tries + 1`: doubling from 50 ms up to 1 s, then drawn from the upper half of
 * that, so that nodes which failed together do not come back together.
 */
export function backoffMs(tries: number, random: Random): number {
  const boundMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10));
  return boundMs * (0.5 + random.next() / 2);
}
