/**
 * Counts and latencies of a set of operations.
 */
import type { Operation } from './history.ts';

export interface FunctionStats {
  readonly count: number;
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
  /** Of the operations whose outcome is `ok`, in ms. Absent if there are none. */
  readonly latencyMs?: Quantiles;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Returns the figures of `operations`. */
export function functionStats(operations: readonly Operation[]): FunctionStats {
  const count = (outcome: Operation['outcome']): number =>
    operations.filter((operation) => operation.outcome === outcome).length;
  const latenciesMs = operations
    .filter((operation) => operation.outcome === 'ok')
    .map((operation) => operation.completed.timeMs - operation.invoked.timeMs);
  const latencyMs = quantiles(latenciesMs);
  return {
    count: operations.length,
    ok: count('ok'),
    fail: count('fail'),
    info: count('info'),
    ...(latencyMs && { latencyMs }),
  };
}

/** By nearest rank: the p-quantile is the smallest value that at least a share p of all values does not exceed. */
function quantiles(values: readonly number[]): Quantiles | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const max = sorted.at(-1);
  if (max === undefined) return undefined;
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? max;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max };
}
