/**
 * The counter type: what keeping a counter has to know of its totals. A node's total only grows, in an order in which any
 * two totals have a least upper bound: a join semilattice, which is what makes merging safe.
 */
export interface CounterType<Total> {
  readonly zero: Total;
  /** Whether a client may add this. */
  isDelta(json: unknown): json is number;
  isTotal(json: unknown): json is Total;
  /** `total` with `delta` added, or undefined if a number would pass 2^53 − 1. */
  increment(total: Total, delta: number): Total | undefined;
  equals(a: Total, b: Total): boolean;
  /** The smallest total that includes both. */
  merge(a: Total, b: Total): Total;
  /** The value of a counter with these totals, or undefined if a number would pass 2^53 − 1. */
  value(totals: Iterable<Total>): number | undefined;
}

/** Merges two copies of a counter, node by node. */
export function mergeTotals<Total>(
  type: CounterType<Total>,
  a: ReadonlyMap<string, Total>,
  b: ReadonlyMap<string, Total>,
): ReadonlyMap<string, Total> {
  const merged = new Map(a);
  for (const [node, total] of b) merged.set(node, type.merge(total, merged.get(node) ?? type.zero));
  return merged;
}
