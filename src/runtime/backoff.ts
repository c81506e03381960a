/**
 * How long to wait before something that failed is tried again. The wait doubles with each failure up to a bound, and
 * is then drawn from the upper half of that, so that processes which failed together do not come back together.
 */
import type { Random } from './random.ts';

export interface BackoffBounds {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The wait after `failures` failures in a row, counted from 0, in milliseconds. */
export function backoffMs(random: Random, failures: number, { firstMs, longestMs }: BackoffBounds): number {
  const boundMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 10));
  return boundMs * (0.5 + random.next() / 2);
}
