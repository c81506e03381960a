/**
 * Makes a failing run small: what remains of its options when everything that it does not need to fail is taken away.
 * Greedy: the first simplification that still fails is kept, until none does. Bounded by a number of runs, so the
 * result fails, but need not be the smallest that does.
 */

/** Smaller options change every draw after them, so each gets a few seeds to fail with. */
const SEEDS_PER_ATTEMPT = 8;
const MAX_RUNS = 400;

/**
 * Returns the smallest options found under which `fails` still resolves with true, starting from `failing`, under
 * which it does. `smaller` yields each way to simplify options by one step, the greatest simplification first.
 */
export async function shrink<Options extends { readonly seed: number }>(
  failing: Options,
  smaller: (options: Options) => Iterable<Options>,
  fails: (options: Options) => Promise<boolean>,
): Promise<Options> {
  let runs = 0;
  const failingSeed = async (options: Options): Promise<Options | undefined> => {
    for (let attempt = 0; attempt < SEEDS_PER_ATTEMPT && runs < MAX_RUNS; attempt++, runs++) {
      const candidate = { ...options, seed: failing.seed + attempt };
      if (await fails(candidate)) return candidate;
    }
    return undefined;
  };

  let smallest = failing;
  for (let found: Options | undefined = failing; found !== undefined;) {
    smallest = found;
    found = undefined;
    for (const candidate of smaller(smallest)) {
      found = await failingSeed(candidate);
      if (found !== undefined) break;
    }
  }
  return smallest;
}
