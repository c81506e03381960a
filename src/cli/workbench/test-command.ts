/**
 * `g-counter-workbench test`: its flags, and a run of processes.
 */
import { systemRandom } from '../../runtime/system.ts';
import { UsageError, numberFrom, parseOptions, programFrom, splitNodeArguments } from '../arguments.ts';
import { applyFlags, checkFrom, maelstromDefaults, runOptionSpecs, runOptionsHelp } from './run-options.ts';
import { runAndPrint } from './run-and-print.ts';

export const testHelp = `Usage: g-counter-workbench test -w g-counter --bin FILE [options] [-- arguments for FILE]

Runs a cluster of processes in real time and judges the history.

  --bin FILE               the program to run as a node, once per node
${runOptionsHelp}
  --availability SHARE     fail unless this share of operations succeeds: a fraction, or total
  --seed N                 the seed of all random choices (default: a new one, shown at the start)
  --log-stderr             show what nodes write to stderr
  --log-net-send           show every message when it is sent
  --log-net-recv           show every message when it arrives

The workload pn-counter needs a node that can count down; ours does with -- --workload pn-counter.

Results go to store/<workload>/<time>/; store/latest is a link to the latest. Exit status: 0 valid, 1 invalid,
2 unknown or a bad command line, 255 the workbench failed.`;

const specs = {
  ...runOptionSpecs,
  bin: { type: 'string' },
  availability: { type: 'string' },
  seed: { type: 'string' },
  'log-stderr': { type: 'boolean', default: false },
  'log-net-send': { type: 'boolean', default: false },
  'log-net-recv': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The exit status for each verdict. */
export const EXIT_STATUS = { true: 0, false: 1, unknown: 2, crashed: 255 } as const;

/** Runs one test and resolves with the exit status. */
export async function testCommand(args: string[]): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values } = parseOptions(own, specs, false);
  if (values.help) {
    console.log(testHelp);
    return 0;
  }
  if (values.workload === undefined) throw new UsageError('-w is missing: g-counter or pn-counter');
  if (values.bin === undefined) throw new UsageError('--bin is missing: the program to test');
  const { valid } = await runAndPrint({
    bin: programFrom(values.bin),
    nodeArguments: forNode,
    options: applyFlags(maelstromDefaults(seedFrom(values.seed)), values),
    check: checkFrom(values, 'maelstrom'),
    availability: values.availability === undefined ? undefined : availabilityFrom(values.availability),
    logStderr: values['log-stderr'],
    logSend: values['log-net-send'],
    logReceive: values['log-net-recv'],
  });
  return EXIT_STATUS[`${valid}`];
}

/** Reads the value of --seed; without one, draws a seed. Throws a UsageError. */
export function seedFrom(text: string | undefined): number {
  if (text === undefined) return Math.floor(systemRandom.next() * 2 ** 32);
  return numberFrom('seed', text, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
}

function availabilityFrom(text: string): number {
  if (text === 'total') return 1;
  return numberFrom('availability', text, { min: 0, max: 1 });
}
