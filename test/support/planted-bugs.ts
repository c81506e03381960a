/** How tests search for planted bugs. How soon each is found from seed 1 on, `npm run test:mutants` says. */
import { expect, test } from 'vitest';

const SEEDS = 40;

/**
 * A test for each planted bug: one of forty seeds finds it. To be quick, the search begins at a seed of `firstSeeds`,
 * where such a run is short or the bug is known to show, and otherwise at 1.
 */
export function eachIsFound<T>(
  bugs: Readonly<Record<string, T>>,
  firstSeeds: Readonly<Record<string, number>>,
  fails: (seed: number, bug: T) => Promise<boolean>,
): void {
  test.each(Object.entries(bugs))('%s is found within forty seeds', async (name, bug) => {
    const first = firstSeeds[name] ?? 1;
    let found = false;
    for (let seed = first; seed < first + SEEDS && !found; seed++) found = await fails(seed, bug);
    expect(found).toBe(true);
  });
}
