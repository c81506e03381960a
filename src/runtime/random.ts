/** A source of randomness: real in a process, a seeded stream in a simulation. */
export interface Random {
  /** A number drawn uniformly from [0, 1). */
  next(): number;
}

/**
 * A stream of integers that no other stream has produced, for practical purposes: it counts up from a random
 * start below 2^52. Two lives of one node that each draw a million numbers overlap with a chance of 1 in 10^9.
 */
export function uniqueIntegers(random: Random): () => number {
  let latest = Math.floor(random.next() * 2 ** 52);
  return () => ++latest;
}

/** So many different elements as there are, up to `count`, in random order. */
export function drawn<T>(random: Random, elements: readonly T[], count: number): T[] {
  const rest = [...elements];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(Math.floor(random.next() * rest.length), 1));
  }
  return chosen;
}
