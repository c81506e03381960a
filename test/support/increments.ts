/** Many increments through clients, of which each must count once. Runs in Node and in a page. */
import { CounterClient } from '../../src/client/client.ts';
import { type Outside, TOKEN } from './outside.ts';

export interface Work {
  readonly increments: number;
  /** How many servers are killed meanwhile, one after the other. */
  readonly kills: number;
  readonly keys: readonly string[];
  /** How many increments wait at a time. */
  readonly atOnce: number;
}

/** A client that knows all servers, beginning with the n-th. */
export function clientOf({ endpoints }: Outside, n = 0): CounterClient {
  const first = n % endpoints.length;
  return new CounterClient({
    endpoints: [...endpoints.slice(first), ...endpoints.slice(0, first)],
    token: TOKEN,
  });
}

/**
 * Makes increments, of 1 to 3 each, through three clients, while answers are lost, requests come twice, and servers are killed.
 * Rejects if one of them is refused or unknown, resolves with a value that is too small, or has not counted once.
 */
export async function countsOnce(outside: Outside, work: Work): Promise<void> {
  const { increments, kills, keys, atOnce } = work;
  const clients = [0, 1, 2].map((n) => clientOf(outside, n));
  const sums = new Map<string, number>();
  const every = Math.floor(increments / (kills + 1));
  let [begun, done, killed] = [0, 0, 0];
  let killing = Promise.resolve();
  const goOn = async (): Promise<void> => {
    while (begun < increments) {
      const n = begun++;
      const key = keys[n % keys.length] ?? '';
      const amount = 1 + (n % 3);
      const value = await clients[n % clients.length]?.increment(key, amount);
      if (value === undefined || value < amount) throw new Error(`${key} is ${value} after ${amount}`);
      sums.set(key, (sums.get(key) ?? 0) + amount);
      if (++done % every !== 0 || killed === kills) continue;
      killed++;
      killing = killing.then(() => outside.kill());
    }
  };
  await outside.setLossy(true);
  try {
    await Promise.all(Array.from({ length: atOnce }, goOn));
    await Promise.all(clients.map((client) => client.close()));
  } finally {
    await killing;
    await outside.setLossy(false);
  }
  await outside.shows([...sums]);
}
