/**
 * Totals by node as the public counters use them: what src/crdt/ refuses by returning undefined is thrown as an error here.
 */
import { type CounterType, mergeTotals } from '../crdt/counter-type.ts';
import type { Order } from './order.ts';

type TotalsOf<Total> = ReadonlyMap<string, Total>;

export function valueOf<Total>(type: CounterType<Total>, totals: TotalsOf<Total>): number {
  const value = type.value(totals.values());
  if (value === undefined) throw new RangeError('the value passes 2^53 - 1');
  return value;
}

export function incrementedTotals<Total>(
  type: CounterType<Total>,
  totals: TotalsOf<Total>,
  node: string,
  amount: number,
): TotalsOf<Total> {
  if (!type.isDelta(amount)) throw new TypeError(`${String(amount)} cannot be added to this counter`);
  const total = type.increment(totals.get(node) ?? type.zero, amount);
  if (total === undefined) throw new RangeError('the total would pass 2^53 - 1');
  const incremented = new Map(totals).set(node, total);
  valueOf(type, incremented);
  return incremented;
}

/** The members of an object. Throws a TypeError if one of them is no total. */
export function entriesFrom<Total>(
  json: unknown,
  isTotal: (json: unknown) => json is Total,
): [node: string, total: Total][] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError('a counter in JSON is an object of totals by node');
  }
  return Object.entries(json).map(([node, total]: [string, unknown]) => {
    if (!isTotal(total))
      throw new TypeError(`${JSON.stringify(total)} cannot be a total of ${JSON.stringify(node)}`);
    return [node, total];
  });
}

export function compareTotals<Total>(
  type: CounterType<Total>,
  one: TotalsOf<Total>,
  other: TotalsOf<Total>,
): Order {
  const merged = mergeTotals(type, one, other);
  const has = (totals: TotalsOf<Total>): boolean =>
    [...merged].every(([node, total]) => type.equals(totals.get(node) ?? type.zero, total));
  if (has(one)) return has(other) ? 'equal' : 'after';
  return has(other) ? 'before' : 'concurrent';
}
