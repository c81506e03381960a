/**
 * Simulates many seeds on all cores. Each thread runs this very program, takes one seed at a time and reports what it
 * found (see thread.ts). Seeds are handed out in ascending order, so a failure that ends the search is among the
 * first, if not always the first.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { type Screen, StatusLine } from '../../runtime/status-line.ts';
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
  readonly progress: Screen;
  /** Ends the search early. */
  readonly stop: AbortSignal;
}

const SEEDS_PER_PROGRESS_LINE = 500;

/**
 * Resolves with the seeds that failed, in the order in which they did: of all seeds, or of those that were done when the
 * search was told to stop. Rejects if the workbench itself fails.
 */
export async function simulateSeeds(search: SeedSearch): Promise<number[]> {
  const { program, task, first, count, keepGoing, clock, log, progress, stop } = search;
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
  const isOver = (): boolean => next >= first + count || stop.aborted || (failures.length > 0 && !keepGoing);
  const line = progress.isTTY ? new StatusLine(progress) : undefined;
  const pool = Array.from({ length: threads }, () => new Thread(program, task));
  const endAll = (): Promise<unknown> => Promise.all(pool.map((thread) => thread.end()));
  const interrupt = (): void => void endAll();
  stop.addEventListener('abort', interrupt);
  try {
    await Promise.all(
      pool.map(async (thread) => {
        while (!isOver()) {
          const report = await thread.simulate(next++);
          if (report === undefined) return;
          done++;
          operations += report.operations;
          if (!report.valid) {
            failures.push(report.seed);
            line?.erase();
            if (keepGoing) log(`seed ${report.seed} fails`);
          }
          if (line !== undefined) line.show(status());
          else if (done % SEEDS_PER_PROGRESS_LINE === 0) progress.write(`${status()}\n`);
        }
        await thread.end();
      }),
    );
  } finally {
    stop.removeEventListener('abort', interrupt);
    await endAll();
    // Only now: until a thread has ended, it may report a seed, which is shown.
    line?.erase();
  }
  log(status());
  return failures;
}

/** Simulates one seed at a time. */
class Thread {
  readonly #worker: Worker;
  readonly #hasExited: Promise<unknown>;

  constructor(program: string, task: unknown) {
    this.#worker = new Worker(program, { workerData: task });
    this.#hasExited = new Promise((resolve) => this.#worker.once('exit', resolve));
  }

  /** Resolves with undefined if the thread has been ended. */
  simulate(seed: number): Promise<SeedReport | undefined> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => settle();
      const settle = (report?: SeedReport): void => {
        this.#worker.off('error', reject).off('exit', onExit).removeAllListeners('message');
        resolve(report);
      };
      this.#worker.once('error', reject);
      this.#worker.once('message', settle);
      this.#worker.once('exit', onExit);
      this.#worker.postMessage(seed);
    });
  }

  async end(): Promise<void> {
    // In Node 26, this may never resolve for a thread that is about to end by itself.
    await Promise.race([this.#worker.terminate(), this.#hasExited]);
  }
}
