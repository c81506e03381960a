/**
 * What clients have asked counters for, and what of that was acknowledged: so what any read may show. A value includes at
 * least what was acknowledged before it was asked for, and what others had been shown by then; and at most what was asked
 * for by the time it is shown.
 */

export interface Increment {
  readonly key: string;
  readonly amount: number;
}

/** A promise of the server that it has not kept. */
export class Violation extends Error {}

interface Tally {
  asked: number;
  acknowledged: number;
  /** The largest value that anybody was shown. */
  shown: number;
}

export class Ledger {
  readonly #tallies: ReadonlyMap<string, Tally>;

  constructor(keys: readonly string[]) {
    this.#tallies = new Map(keys.map((key) => [key, { asked: 0, acknowledged: 0, shown: 0 }]));
  }

  get keys(): string[] {
    return [...this.#tallies.keys()];
  }

  /** What has been asked for. */
  asked(key: string): number {
    return this.#of(key).asked;
  }

  /** What has been acknowledged. */
  acknowledged(key: string): number {
    return this.#of(key).acknowledged;
  }

  /** The least that a value may be which is asked for now. */
  least(key: string): number {
    const { acknowledged, shown } = this.#of(key);
    return Math.max(acknowledged, shown);
  }

  /** Notes increments before they are sent. Returns the least that the value after each of them may be. */
  ask(increments: readonly Increment[]): number[] {
    const own = new Map<string, number>();
    const least = increments.map(({ key, amount }) => {
      own.set(key, (own.get(key) ?? 0) + amount);
      return this.least(key) + (own.get(key) ?? 0);
    });
    for (const { key, amount } of increments) this.#of(key).asked += amount;
    return least;
  }

  /** Notes that increments definitely do not count. */
  withdraw(increments: readonly Increment[]): void {
    for (const { key, amount } of increments) this.#of(key).asked -= amount;
  }

  /** Notes that increments were acknowledged with these values. Throws a Violation if they cannot be. */
  acknowledge(increments: readonly Increment[], least: readonly number[], values: readonly number[]): void {
    for (const [index, { key, amount }] of increments.entries()) {
      this.#of(key).acknowledged += amount;
      this.show(key, least[index] ?? 0, values[index] ?? 0);
    }
  }

  /** Notes that a value was shown. Throws a Violation if it cannot be. */
  show(key: string, least: number, value: number): void {
    const tally = this.#of(key);
    if (value < least) throw new Violation(`${key} is ${value}, and must be at least ${least}`);
    if (value > tally.asked) throw new Violation(`${key} is ${value}, and only ${tally.asked} was asked for`);
    tally.shown = Math.max(tally.shown, value);
  }

  #of(key: string): Tally {
    const tally = this.#tallies.get(key);
    if (tally === undefined) throw new Error(`nobody counts ${key}`);
    return tally;
  }
}
