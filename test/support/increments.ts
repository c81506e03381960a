/** Many increments through clients, and what they must come to. */
import type { CounterClient } from '../../src/client/client.ts';

export interface Work {
  readonly clients: readonly CounterClient[];
  readonly increments: number;
  readonly keys: readonly string[];
  /** How many wait at a time. */
  readonly atOnce: number;
  /** Called after each, with how many are done. */
  readonly onDone?: (done: number) => void;
}

/**
 * Makes so many increments, of 1 to 3 each. Resolves, when the outcome of all is known, with what each counter must be. Rejects
 * if one of them is refused or unknown, or resolves with a value that is too small.
 */
export async function makeIncrements(work: Work): Promise<ReadonlyMap<string, number>> {
  const { clients, increments, keys, atOnce, onDone } = work;
  const sums = new Map<string, number>();
  let [begun, done] = [0, 0];
  const goOn = async (): Promise<void> => {
    while (begun < increments) {
      const n = begun++;
      const key = keys[n % keys.length] ?? '';
      const amount = 1 + (n % 3);
      const value = await clients[n % clients.length]?.increment(key, amount);
      if (value === undefined || value < amount) throw new Error(`${key} is ${value} after ${amount}`);
      sums.set(key, (sums.get(key) ?? 0) + amount);
      onDone?.(++done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, goOn));
  return sums;
}

/** The values of the counters, as a client reads them. */
export async function valuesOf(
  client: CounterClient,
  keys: Iterable<string>,
): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>();
  for (const key of keys) values.set(key, await client.read(key));
  return values;
}
