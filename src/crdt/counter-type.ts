/**
 * What one node contributes to a counter: a total that only grows, by an order under which two totals always have a
 * smallest one above both. This is all that keeping a counter needs to know of its kind.
 */
export interface CounterType<Total> {
  readonly zero: Total;
  /** Whether a client may ask to add this. */
  isDelta(json: unknown): json is number;
  isTotal(json: unknown): json is Total;
  /** `total` with `delta` added, or undefined where a number would pass 2^53 − 1. */
  increment(total: Total, delta: number): Total | undefined;
  equals(a: Total, b: Total): boolean;
  /** The smallest total that includes both. */
  merge(a: Total, b: Total): Total;
  /** What the totals of all nodes come to, or undefined where a number would pass 2^53 − 1. */
  value(totals: Iterable<Total>): number | undefined;
}

/** Two copies of a counter, a total per node, merged node by node. */
export function mergeTotals<Total>(
  kind: CounterType<Total>,
  a: ReadonlyMap<string, Total>,
  b: ReadonlyMap<string, Total>,
): ReadonlyMap<string, Total> {
  const merged = new Map(a);
  for (const [node, total] of b) merged.set(node, kind.merge(total, merged.get(node) ?? kind.zero));
  return merged;
}
