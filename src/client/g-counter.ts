/**
 * The G-Counter as an immutable value, for applications: one total per node, incremented only by that node. The value is the
 * sum of the totals, and two copies merge by taking the larger total of each node.
 */
import { type GCounter as Totals, gTotal, isTotal, merge } from '../crdt/g-counter.ts';
import type { Order } from './order.ts';
import { compareTotals, entriesFrom, incrementedTotals, valueOf } from './totals.ts';

/**
 * A counter that only grows. Laws, for all counters `a`, `b` and `c`, where `=` is `compare` giving `equal`:
 *
 * - `a.merge(b)` = `b.merge(a)`, `a.merge(b).merge(c)` = `a.merge(b.merge(c))`, `a.merge(a)` = `a`, and `new GCounter()` merged
 *   with `a` is `a`: however late, repeated or reordered copies are exchanged, nothing is lost or counted twice.
 * - `a.merge(b)` is the least counter that is neither `before` `a` nor `before` `b`.
 * - `a.increment(node, n)` is `after` `a`, and its value is larger by `n`.
 *
 * They need one thing of the caller: that no two copies increment under the same node.
 */
export class GCounter {
  #totals: Totals = new Map();

  static #of(totals: Totals): GCounter {
    const counter = new GCounter();
    counter.#totals = totals;
    return counter;
  }

  /**
   * The counter that `toJSON` has given, or the `nodes` of a counter on a server. Throws a TypeError for anything that is not an
   * object of whole numbers from 0 to 2^53 − 1.
   */
  static fromJSON(json: unknown): GCounter {
    return GCounter.#of(new Map(entriesFrom(json, isTotal)));
  }

  /** The sum of all totals. Throws a RangeError if it passes 2^53 − 1, beyond which numbers are not exact. */
  get value(): number {
    return valueOf(gTotal, this.#totals);
  }

  /**
   * The counter after an increment at a node. Throws a TypeError if the amount is not a whole number from 0 to 2^53 − 1, and a
   * RangeError if the value would pass 2^53 − 1.
   */
  increment(node: string, amount = 1): GCounter {
    return GCounter.#of(incrementedTotals(gTotal, this.#totals, node, amount));
  }

  /** The larger total of each node. */
  merge(other: GCounter): GCounter {
    return GCounter.#of(merge(this.#totals, other.#totals));
  }

  /** How much this counter knows of, compared with another: see Order. */
  compare(other: GCounter): Order {
    return compareTotals(gTotal, this.#totals, other.#totals);
  }

  /** The totals by node, as `JSON.stringify` asks for them. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#totals);
  }
}
