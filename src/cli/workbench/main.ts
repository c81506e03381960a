/**
 * `g-counter-workbench`: picks the command and turns errors into exit codes. In a thread of the pool, the same bundle
 * simulates seeds instead.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { eraseLine } from '../../runtime/status-line.ts';
import { stderrLog } from '../../runtime/system.ts';
import { Interrupted } from '../../workbench/nodes/stopped.ts';
import { serveSeeds } from '../../workbench/pool/thread.ts';
import { RecordingError } from '../../workbench/report/run-directory.ts';
import { EXIT_USAGE, UsageError } from '../arguments.ts';
import { didYouMean } from '../near-miss.ts';
import { onStopSignal } from '../stop-signals.ts';
import { compareCommand, compareHelp } from './compare-command.ts';
import { ProgramError } from './program.ts';
import { replayCommand, replayHelp } from './replay-command.ts';
import { serveCommand, serveHelp } from './serve-command.ts';
import { simulateCommand, simulateHelp } from './simulate-command.ts';
import { seedSimulator } from './simulate-seed.ts';
import { EXIT_STATUS, testCommand, testHelp } from './test-command.ts';
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
  replay     replay a recorded conversation to one node and compare what it
             sends

  -h, --help   print this text, or the help of a command
  --version    print the version`;

/** Runs a command until it ends or is to stop, and resolves with the exit status. */
type Command = (args: string[], stop: AbortSignal) => Promise<number>;

const commands = new Map<string, Command>([
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

async function main([name, ...args]: string[], stop: AbortSignal): Promise<number> {
  const command = commands.get(name ?? '');
  if (command !== undefined) return command(args, stop);
  switch (name) {
    case '--version':
      console.log(version);
      return 0;
    case '-h':
    case '--help':
      console.log([help, testHelp, simulateHelp, compareHelp, serveHelp, replayHelp].join('\n\n'));
      return 0;
    case undefined:
      throw new UsageError('which command? test, simulate, compare, serve or replay');
    default:
      throw new UsageError(`unknown command '${name}'${didYouMean(name, commands.keys())}`);
  }
}

/** Says in one line what is wrong, unless it is the workbench that is wrong, and returns the exit status. */
function statusAfter(error: unknown, command: string | undefined): number {
  const complain = (text: string): void => {
    eraseLine(process.stderr);
    stderrLog(`g-counter-workbench: ${text}`);
  };
  if (error instanceof UsageError) {
    complain(`${error.message}; see --help`);
    return statusesOf(command).usage;
  }
  if (error instanceof ProgramError) {
    complain(error.message);
    return statusesOf(command).program;
  }
  if (error instanceof Interrupted) {
    complain(error.message);
    return EXIT_STATUS.unknown;
  }
  // The system's message names the operation that failed and the file.
  if (error instanceof RecordingError || (error instanceof Error && 'syscall' in error))
    complain(error.message);
  else console.error(error);
  return EXIT_HARNESS_FAILED;
}

function start(): void {
  const args = process.argv.slice(2);
  const [command] = args;
  const end = (error: unknown): void => process.exit(statusAfter(error, command));
  let stdoutFailure: unknown;
  process.stdout.on('error', (error) => {
    // A reader that goes away, such as head, does not stop a run. A full disk does not either, but it is told in the end.
    if (!('code' in error) || error.code !== 'EPIPE') stdoutFailure = error;
  });
  process.stderr.on('error', () => {});
  process.on('uncaughtException', end);
  const stop = new AbortController();
  onStopSignal(
    () => stop.abort(),
    () => end(new Interrupted('interrupted')),
  );
  main(args, stop.signal).then((status) => {
    process.exitCode = stdoutFailure === undefined ? status : statusAfter(stdoutFailure, command);
  }, end);
}

if (isMainThread) start();
else serveSeeds(seedSimulator(workerData));
