/**
 * `g-counter-workbench`: picks the command and turns errors into exit codes. In a thread of the pool, the same bundle
 * simulates seeds instead.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { serveSeeds } from '../../workbench/pool/thread.ts';
import { stderrLog } from '../../runtime/system.ts';
import { EXIT_USAGE, UsageError, reportsUsage } from '../arguments.ts';
import { didYouMean } from '../near-miss.ts';
import { compareCommand, compareHelp } from './compare-command.ts';
import { ProgramError } from './program.ts';
import { replayCommand, replayHelp } from './replay-command.ts';
import { serveCommand, serveHelp } from './serve-command.ts';
import { simulateCommand, simulateHelp } from './simulate-command.ts';
import { seedSimulator } from './simulate-seed.ts';
import { testCommand, testHelp } from './test-command.ts';
import { version } from '../version.ts';

const help = `Usage: g-counter-workbench COMMAND [options]

Runs a cluster of g-counter nodes on a simulated network with a simulated
key-value store, injects faults, and checks every value that the nodes return.

  test       run the workload on a cluster of processes and judge the history;
             takes Maelstrom's flags
  simulate   the same in virtual time, with the code of g-counter itself: one
             seed, or thousands
  compare    run two programs on the same seed and show them side by side
  serve      list past runs in a browser
  replay     replay a recorded conversation to one node and compare what it sends

  -h, --help   print this text, or the help of a command
  --version    print the version`;

const commands = new Map([
  ['test', testCommand],
  ['simulate', simulateCommand],
  ['compare', compareCommand],
  ['serve', serveCommand],
  ['replay', replayCommand],
]);

/** The exit status when the workbench itself fails, as Maelstrom's. */
const EXIT_HARNESS_FAILED = 255;

/** What `test` exits with after a bad command line or without a program, as Maelstrom; other commands, with 2. */
const statusesOf = (command: string | undefined): { usage: number; program: number } =>
  command === 'test' ? { usage: 254, program: 255 } : { usage: EXIT_USAGE, program: EXIT_USAGE };

async function main([name, ...args]: string[]): Promise<number> {
  const command = commands.get(name ?? '');
  if (command !== undefined) return command(args);
  switch (name) {
    case '--version':
      console.log(version);
      return 0;
    case '-h':
    case '--help':
      console.log(
        `${help}\n\n${testHelp}\n\n${simulateHelp}\n\n${compareHelp}\n\n${serveHelp}\n\n${replayHelp}`,
      );
      return 0;
    case undefined:
      throw new UsageError('which command? test, simulate, compare, serve or replay');
    default:
      throw new UsageError(`unknown command '${name}'${didYouMean(name, commands.keys())}`);
  }
}

function start(): void {
  const [command] = process.argv.slice(2);
  // A reader that goes away, such as head, does not stop a run.
  process.stdout.on('error', () => {});
  main(process.argv.slice(2)).then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      const statuses = statusesOf(command);
      if (reportsUsage('g-counter-workbench', error, statuses.usage)) return;
      process.exitCode = EXIT_HARNESS_FAILED;
      if (error instanceof ProgramError) {
        stderrLog(`g-counter-workbench: ${error.message}`);
        process.exitCode = statuses.program;
      } else if (error instanceof Error && 'syscall' in error) {
        // The system's message names the operation that failed and the file.
        stderrLog(`g-counter-workbench: ${error.message}`);
      } else {
        console.error(error);
      }
    },
  );
}

if (isMainThread) start();
else serveSeeds(seedSimulator(workerData));
