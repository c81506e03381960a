/**
 * Wires the search for failing seeds to this program: its threads run the same bundle, and progress goes to stderr.
 */
import { systemClock } from '../../runtime/system.ts';
import { simulateSeeds } from '../../workbench/pool/pool.ts';
import type { SeedTask } from './simulate-seed.ts';

/** Which seeds to simulate, and whether to go on after one has failed. */
export interface SeedRange {
  readonly first: number;
  readonly count: number;
  readonly keepGoing: boolean;
}

/** Resolves with the seeds that failed. */
export const search = (task: SeedTask, range: SeedRange): Promise<number[]> =>
  simulateSeeds({
    ...range,
    task,
    program: process.argv[1] ?? '',
    clock: systemClock,
    log: (text) => console.log(text),
    progress: process.stderr,
  });
