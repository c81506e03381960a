/**
 * The other side of the pool: what a thread does with the seeds that it is given, one after the other.
 */
import { parentPort } from 'node:worker_threads';

/** What a thread reports on one seed. */
export interface SeedReport {
  readonly seed: number;
  readonly valid: boolean;
  readonly operations: number;
}

export type SimulateSeed = (seed: number) => Promise<SeedReport>;

/** Serves the pool for as long as this thread lives. */
export function serveSeeds(simulateSeed: SimulateSeed): void {
  // A rejection ends the thread, and the search with it: the workbench itself is at fault.
  parentPort?.on('message', (seed: number) => {
    void simulateSeed(seed).then((report) => parentPort?.postMessage(report));
  });
}
