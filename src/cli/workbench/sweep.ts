import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../runtime/system.ts';
import type { SeedReport, SweepTask } from './simulate-worker.ts';

/** Simulates many seeds on all cores, and says how far it is. Resolves with those that fail. */
export async function sweep(
  task: SweepTask,
  first: number,
  count: number,
  keepGoing: boolean,
): Promise<number[]> {
  const threads = Math.min(availableParallelism(), count);
  console.log(`simulating ${count} seeds from ${first}, on ${threads} threads`);
  const startedMs = systemClock.nowMs();
  const failures: number[] = [];
  let [done, operations] = [0, 0];
  const seconds = (): number => (systemClock.nowMs() - startedMs) / 1000;
  const progress = (): string =>
    `${done} of ${count} seeds, ${operations} operations, ${(done / seconds()).toFixed(1)} seeds/s, ${failures.length} failed`;

  let next = first;
  let stop = false;
  const workers = Array.from({ length: threads }, async () => {
    const thread = new Thread(task);
    try {
      while (!stop && next < first + count) {
        const report = await thread.simulate(next++);
        done++;
        operations += report.operations;
        if (!report.valid) {
          failures.push(report.seed);
          if (keepGoing) console.log(`seed ${report.seed} fails`);
          else stop = true;
        }
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${progress()}`);
        else if (done % 500 === 0) process.stderr.write(`${progress()}\n`);
      }
    } finally {
      await thread.end();
    }
  });
  await Promise.all(workers);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(progress());
  return failures;
}

/** A worker that simulates one seed at a time. */
class Thread {
  readonly #worker: Worker;

  constructor(task: SweepTask) {
    this.#worker = new Worker(process.argv[1] ?? '', { workerData: task });
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
