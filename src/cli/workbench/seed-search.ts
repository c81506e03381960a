/**
 * Wires a search over seeds to this program: its threads run the same bundle, and progress goes to stderr.
 */
import { systemClock } from '../../runtime/system.ts';
import type { SeedSearch } from '../../workbench/pool/pool.ts';
import type { SeedTask } from './simulate-seed.ts';

/** Which seeds to simulate, whether to go on after one has failed, and what ends the search early. */
export type SeedRange = Pick<SeedSearch, 'first' | 'count' | 'keepGoing' | 'stop'>;

export const seedSearch = (task: SeedTask, range: SeedRange): SeedSearch => ({
  ...range,
  task,
  program: process.argv[1] ?? '',
  clock: systemClock,
  log: (text) => console.log(text),
  progress: process.stderr,
});
