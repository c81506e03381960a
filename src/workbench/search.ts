/**
 * Searches many seeds for one that fails and explains it: what it was, the command that shows it again, and the smallest
 * run found that still fails.
 */
import { fold } from '../runtime/fold.ts';
import { type SeedSearch, simulateSeeds } from './pool/pool.ts';
import { shrink } from './sim/shrink.ts';

/** What the seeds of a search are. */
export interface Simulated<Options> {
  readonly optionsOf: (seed: number) => Options;
  /** Describes a run in one line. */
  readonly describe: (options: Options) => string;
  /** Returns the command that simulates exactly this run. */
  readonly commandFor: (options: Options) => string;
  /** Yields each way to make a run simpler. */
  readonly smaller: (options: Options) => Iterable<Options>;
  readonly fails: (options: Options) => Promise<boolean>;
  /** Simulates a run and prints its results. */
  readonly show: (options: Options) => Promise<unknown>;
  /** What has been shown if no seed fails. */
  readonly claim: string;
}

/**
 * Resolves with whether no seed failed, or `unknown` if none had when the search was told to stop. Otherwise, explains the
 * smallest seed that did.
 */
export async function search<Options extends { readonly seed: number }>(
  seeds: SeedSearch,
  { optionsOf, describe, commandFor, smaller, fails, show, claim }: Simulated<Options>,
): Promise<boolean | 'unknown'> {
  const { count, log, stop } = seeds;
  const failures = await simulateSeeds(seeds);
  if (failures.length === 0) {
    log(
      stop.aborted
        ? 'UNKNOWN: interrupted; until then, no seed had failed'
        : `VALID: ${count} seeds, ${claim}`,
    );
    return stop.aborted ? 'unknown' : true;
  }
  const failing = optionsOf(Math.min(...failures));
  const explanation = fold(`seed ${failing.seed} fails: ${describe(failing)}`).join('\n');
  log(`\n${explanation}\nto see it again:\n  ${commandFor(failing)}\n`);
  const smallest = await shrink(failing, smaller, async (options) => !stop.aborted && (await fails(options)));
  if (stop.aborted) {
    log(`interrupted while shrinking; the smallest run so far that still fails:\n  ${commandFor(smallest)}`);
    return false;
  }
  log('shrunk, as far as it still fails:');
  await show(smallest);
  log(`to see it again:\n  ${commandFor(smallest)}`);
  return false;
}
