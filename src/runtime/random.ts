/**
 * The port to randomness: real in a process, a seeded stream in a simulation.
 */

export interface Random {
  /** Draws a number uniformly from [0, 1). */
  next(): number;
}

/**
 * Returns a function that draws integers which, for practical purposes, no other such function returns: it counts up from
 * a random start below 2^52. Two that draw a million numbers each overlap with a chance of 1 in 10^9.
 */
export function uniqueIntegers(random: Random): () => number {
  let latest = Math.floor(random.next() * 2 ** 52);
  return () => ++latest;
}

/** Draws `count` different elements, or all if there are fewer, in random order. */
export function drawn<T>(random: Random, elements: readonly T[], count: number): T[] {
  const rest = [...elements];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(Math.floor(random.next() * rest.length), 1));
  }
  return chosen;
}
