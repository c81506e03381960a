/**
 * `g-counter-workbench`: picks the command and turns errors into exit codes. In a thread of the pool, the same bundle
 * simulates seeds instead.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { serveSeeds } from '../../workbench/pool/thread.ts';
import { UsageError, reportsUsage } from '../arguments.ts';
import { compareCommand, compareHelp } from './compare-command.ts';
import { replayCommand, replayHelp } from './replay-command.ts';
import { serveCommand, serveHelp } from './serve-command.ts';
import { simulateCommand, simulateHelp } from './simulate-command.ts';
import { seedSimulator } from './simulate-seed.ts';
import { testCommand, testHelp } from './test-command.ts';
import { version } from '../version.ts';

const help = `Usage: g-counter-workbench COMMAND [options]

Runs a cluster of g-counter nodes on a simulated network with a simulated key-value store, injects faults, and checks every
value that the nodes return.

  test       run the workload on a cluster of processes and judge the history; takes Maelstrom's flags
  simulate   the same in virtual time, with the code of g-counter itself: one seed, or thousands
  compare    run two programs on the same seed and show them side by side
  serve      list past runs in a browser
  replay     replay a recorded conversation to one node and compare what it sends

  --help       print this text, or the help of a command
  --version    print the version`;

/** The exit status when the workbench itself fails, as Maelstrom's. */
const EXIT_HARNESS_FAILED = 255;

async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case 'test':
      return testCommand(args);
    case 'simulate':
      return simulateCommand(args);
    case 'compare':
      return compareCommand(args);
    case 'serve':
      return serveCommand(args);
    case 'replay':
      return replayCommand(args);
    case '--version':
      console.log(version);
      return 0;
    case '--help':
      console.log(
        `${help}\n\n${testHelp}\n\n${simulateHelp}\n\n${compareHelp}\n\n${serveHelp}\n\n${replayHelp}`,
      );
      return 0;
    case undefined:
      throw new UsageError('which command? test, simulate, compare, serve or replay');
    default:
      throw new UsageError(`unknown command '${command}'`);
  }
}

function start(): void {
  // A reader that goes away, such as head, does not stop a run.
  process.stdout.on('error', () => {});
  main(process.argv.slice(2)).then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      if (reportsUsage('g-counter-workbench', error)) return;
      if (error instanceof Error && 'syscall' in error) {
        // The system's message names the operation that failed and the file.
        process.stderr.write(`g-counter-workbench: ${error.message}\n`);
        process.exitCode = EXIT_HARNESS_FAILED;
      } else {
        console.error(error);
        process.exitCode = EXIT_HARNESS_FAILED;
      }
    },
  );
}

if (isMainThread) start();
else serveSeeds(seedSimulator(workerData));
