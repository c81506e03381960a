import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { systemClock, timestamp } from '../runtime/system.ts';
import { record } from '../workbench/record.ts';
import { type Results, formatResults } from '../workbench/results.ts';
import type { RunOptions } from '../workbench/run.ts';
import { simulate } from '../workbench/simulation.ts';
import { StoreDirectory } from '../workbench/store-directory.ts';
import { shrink } from '../workbench/sweep.ts';
import { UsageError, numberFrom, parseOptions, splitNodeArguments } from './arguments.ts';
import {
  applyFlags,
  describeOptions,
  maelstromDefaults,
  runOptionSpecs,
  runOptionsHelp,
  toFlags,
} from './run-options.ts';
import { type SeedReport, type SweepTask, shippedNode, sweepOptions } from './simulate-worker.ts';
import { EXIT_STATUS, seedFrom } from './test-command.ts';

export const simulateHelp = `Usage: g-counter-workbench simulate [--seeds N] [options] [-- flags of g-counter]

Runs the very code of g-counter in virtual time: a minute takes a fraction of a second, and one seed decides
everything, down to the last message.

  --seed N                 what all random choices derive from (default: a new one; with --seeds, the first: 1)
  --seeds N                simulate that many seeds. Each draws its own options, but for those given here. Stops at
                           the first failure and shrinks it
  --keep-going             with --seeds: go on after a failure, and list all
${runOptionsHelp}

Exit status as for test. The results of a single run, or of the failure that a sweep has found, are in store/latest.`;

const specs = {
  ...runOptionSpecs,
  seed: { type: 'string' },
  seeds: { type: 'string' },
  'keep-going': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Simulates one run or many, and resolves with the exit status. */
export async function simulateCommand(args: string[]): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values } = parseOptions(own, specs, false);
  if (values.help) {
    console.log(simulateHelp);
    return 0;
  }
  const { seed, seeds, 'keep-going': keepGoing, help: _, ...flags } = values;
  // Complaints about flags come before anything runs.
  const { workload } = applyFlags(maelstromDefaults(0), flags);
  shippedNode(forNode, workload);
  if (seeds === undefined) {
    if (keepGoing) throw new UsageError('--keep-going goes with --seeds');
    const { valid } = await simulateAndRecord(applyFlags(maelstromDefaults(seedFrom(seed)), flags), forNode);
    return EXIT_STATUS[`${valid}`];
  }
  const count = numberFrom('seeds', seeds, { min: 1, integer: true });
  const first = seed === undefined ? 1 : seedFrom(seed);
  if (!Number.isSafeInteger(first + count))
    throw new UsageError(`--seed ${seed} leaves no room for ${seeds} seeds`);
  const task = { flags, nodeArguments: forNode };
  return sweep(task, first, count, keepGoing);
}

/** Simulates one run, shows its results and leaves them in the store. */
async function simulateAndRecord(options: RunOptions, nodeArguments: string[]): Promise<Results> {
  console.log(`simulating ${describeOptions(options)}`);
  const directory = new StoreDirectory('store', options.workload, timestamp());
  const simulation = await simulate(options, shippedNode(nodeArguments, options.workload), (delivery) =>
    directory.recordDelivery(delivery),
  );
  const { run, judgement, results } = simulation;
  await record(directory, run, judgement, results);
  console.log(`${formatResults(results)}\nreport in ${directory.path}/report.html`);
  return results;
}

async function sweep(task: SweepTask, first: number, count: number, keepGoing: boolean): Promise<number> {
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

  const seed = Math.min(...failures);
  if (failures.length === 0) {
    console.log(`VALID: ${count} seeds, no read out of bounds and no request unanswered after healing`);
    return EXIT_STATUS.true;
  }
  await explain(sweepOptions(seed, task.flags), task);
  return EXIT_STATUS.false;
}

/** Says all that helps with a failing seed: what it was, how to see it again, and the least that still fails. */
async function explain(failing: RunOptions, { nodeArguments }: SweepTask): Promise<void> {
  const command = (options: RunOptions): string =>
    [
      'g-counter-workbench simulate',
      toFlags(options),
      ...(nodeArguments.length > 0 ? ['--', ...nodeArguments] : []),
    ].join(' ');
  console.log(
    `\nseed ${failing.seed} fails: ${describeOptions(failing)}\nto see it again:\n  ${command(failing)}\n`,
  );
  const createNode = shippedNode(nodeArguments, failing.workload);
  const smallest = await shrink(failing, async (options) => {
    const { results } = await simulate(options, createNode);
    return results.valid === false;
  });
  console.log('shrunk, as far as it still fails:');
  await simulateAndRecord(smallest, nodeArguments);
  console.log(`to see it again:\n  ${command(smallest)}`);
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
