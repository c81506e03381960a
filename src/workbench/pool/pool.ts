/**
 * Simulates many seeds on all cores. Each thread runs this very program, takes one seed at a time and reports what it
 * found (see thread.ts). Seeds are handed out in ascending order, so a failure that ends the search is among the
 * first, if not always the first.
 */
import { availableParallelism } from 'node:os';
import type { Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { SeedReport } from './thread.ts';

export interface SeedSearch {
  /** The path of the program that each thread runs; there, it must call `serveSeeds`. */
  readonly program: string;
  /** What each thread gets as its `workerData`. */
  readonly task: unknown;
  readonly first: number;
  readonly count: number;
  /** Whether to go on after a seed has failed. */
  readonly keepGoing: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Shows progress, in one line that is redrawn if this is a terminal. */
  readonly progress: Writable & { readonly isTTY?: boolean };
}

const SEEDS_PER_PROGRESS_LINE = 500;
const CLEAR_LINE = '\r\x1b[K';

/** Resolves with the seeds that failed, in the order in which they did. Rejects if the workbench itself fails. */
export async function simulateSeeds(search: SeedSearch): Promise<number[]> {
  const { program, task, first, count, keepGoing, clock, log, progress } = search;
  const threads = Math.min(availableParallelism(), count);
  log(`simulating ${count} seeds from ${first}, on ${threads} threads`);
  const startedMs = clock.nowMs();
  const failures: number[] = [];
  let [done, operations] = [0, 0];
  const status = (): string => {
    const seedsPerSecond = (1000 * done) / (clock.nowMs() - startedMs);
    return `${done} of ${count} seeds, ${operations} operations, ${seedsPerSecond.toFixed(1)} seeds/s, ${failures.length} failed`;
  };

  let next = first;
  let stop = false;
  const workers = Array.from({ length: threads }, async () => {
    const thread = new Thread(program, task);
    try {
      while (!stop && next < first + count) {
        const report = await thread.simulate(next++);
        done++;
        operations += report.operations;
        if (!report.valid) {
          failures.push(report.seed);
          if (keepGoing) log(`seed ${report.seed} fails`);
          else stop = true;
        }
        if (progress.isTTY) progress.write(CLEAR_LINE + status());
        else if (done % SEEDS_PER_PROGRESS_LINE === 0) progress.write(`${status()}\n`);
      }
    } finally {
      await thread.end();
    }
  });
  await Promise.all(workers);
  if (progress.isTTY) progress.write(CLEAR_LINE);
  log(status());
  return failures;
}

/** Simulates one seed at a time. */
class Thread {
  readonly #worker: Worker;

  constructor(program: string, task: unknown) {
    this.#worker = new Worker(program, { workerData: task });
  }

  simulate(seed: number): Promise<SeedReport> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('message', (report: SeedReport) => {
        this.#worker.off('error', reject);
        resolve(report);
      });
      this.#worker.postMessage(seed);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
