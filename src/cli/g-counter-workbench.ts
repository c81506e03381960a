import { EXIT_USAGE, UsageError } from './arguments.ts';
import { replayCommand, replayHelp } from './replay-command.ts';
import { testCommand, testHelp } from './test-command.ts';
import { version } from './version.ts';

const help = `Usage: g-counter-workbench COMMAND [options]

Runs a cluster of g-counter nodes against a simulated network and key-value store, and judges what they answer.

  test     run the workload on a cluster of processes and judge the history; takes Maelstrom's flags
  replay   feed a recorded conversation to one node and compare its answers

  --help       print this text, or the help of a command
  --version    print the version`;

/** What the process exits with when the workbench itself is at fault, as Maelstrom does. */
const EXIT_HARNESS_FAILED = 255;

async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case 'test':
      return testCommand(args);
    case 'replay':
      return replayCommand(args);
    case '--version':
      console.log(version);
      return 0;
    case '--help':
      console.log(`${help}\n\n${testHelp}\n\n${replayHelp}`);
      return 0;
    case undefined:
      throw new UsageError('which command? test or replay');
    default:
      throw new UsageError(`unknown command '${command}'`);
  }
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (error instanceof UsageError) {
      process.stderr.write(`g-counter-workbench: ${error.message}; see --help\n`);
      process.exitCode = EXIT_USAGE;
    } else {
      console.error(error);
      process.exitCode = EXIT_HARNESS_FAILED;
    }
  },
);
