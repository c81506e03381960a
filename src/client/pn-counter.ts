/**
 * The PN-Counter as an immutable value, for applications: it counts up and down. A node's total is the sum of its increments
 * and the sum of its decrements, and each of the two only grows.
 */
import { mergeTotals } from '../crdt/counter-type.ts';
import { type PnTotal, pnTotal } from '../crdt/pn-counter.ts';
import type { Order } from './order.ts';
import { compareTotals, entriesFrom, incrementedTotals, valueOf } from './totals.ts';

/**
 * A counter that goes up and down. The laws are those of GCounter: merging is commutative, associative and idempotent, gives
 * the least counter that is `before` neither, and an increment or decrement is always `after` what was there, though the value
 * may fall.
 */
export class PNCounter {
  #totals: ReadonlyMap<string, PnTotal> = new Map();

  static #of(totals: ReadonlyMap<string, PnTotal>): PNCounter {
    const counter = new PNCounter();
    counter.#totals = totals;
    return counter;
  }

  /**
   * The counter that `toJSON` has given. Throws a TypeError for anything that is not an object of pairs of whole numbers from 0
   * to 2^53 − 1.
   */
  static fromJSON(json: unknown): PNCounter {
    return PNCounter.#of(new Map(entriesFrom(json, (total) => pnTotal.isTotal(total))));
  }

  /**
   * All increments less all decrements. Throws a RangeError if the sum of either passes 2^53 − 1, beyond which numbers are not
   * exact.
   */
  get value(): number {
    return valueOf(pnTotal, this.#totals);
  }

  /**
   * The counter after an increment at a node, or a decrement if the amount is negative. Throws a TypeError if the amount is not
   * a whole number from −(2^53 − 1) to 2^53 − 1, and a RangeError if a sum would pass 2^53 − 1.
   */
  increment(node: string, amount = 1): PNCounter {
    return PNCounter.#of(incrementedTotals(pnTotal, this.#totals, node, amount));
  }

  /** The larger sum of increments and of decrements of each node. */
  merge(other: PNCounter): PNCounter {
    return PNCounter.#of(mergeTotals(pnTotal, this.#totals, other.#totals));
  }

  /** How much this counter knows of, compared with another: see Order. */
  compare(other: PNCounter): Order {
    return compareTotals(pnTotal, this.#totals, other.#totals);
  }

  /** The sums of increments and of decrements by node, as `JSON.stringify` asks for them. */
  toJSON(): Record<string, readonly [increments: number, decrements: number]> {
    return Object.fromEntries(this.#totals);
  }
}
