/**
 * `g-counter-workbench test`: its flags, and a run of processes.
 */
import { systemRandom } from '../../runtime/system.ts';
import type { RunOptions } from '../../workbench/nodes/options.ts';
import type { ProcessRunOptions } from '../../workbench/process-run.ts';
import { UsageError, numberFrom, parseOptions } from '../arguments.ts';
import {
  maelstromOptions,
  maelstromSpecs,
  meaninglessFrom,
  meaninglessHelp,
  nodesHelp,
} from './maelstrom-flags.ts';
import { programFrom } from './program.ts';
import { checkFrom, runOptionsHelp } from './run-options.ts';
import { noteMeaningless, runAndPrint } from './run-and-print.ts';

export const testHelp = `Usage: g-counter-workbench test -w g-counter --bin FILE [options] [ARGUMENTS]

Runs a cluster of processes in real time and judges the history. ARGUMENTS go to
the program; those that begin with a dash come last, after --.

  --bin FILE               the program to run as a node, once per node; a name
                           without a slash is also looked for on the PATH
${runOptionsHelp}
${nodesHelp}
  --availability SHARE     fail unless this share of operations succeeds: from 0
                           to 1, such as 0.9 or 9/10, or total
  --seed N                 the seed of all random choices (default: a new one,
                           shown at the start)
  --test-count N           how often to run the test, each time with the next
                           seed, until a run is not valid (default 1)
  --log-stderr             show what nodes write to stderr
  --log-net-send           show every message when it is sent
  --log-net-recv           show every message when it arrives

${meaninglessHelp}

The workload pn-counter needs a node that can count down; ours does with
-- --workload pn-counter.

Results go to store/<workload>/<time>/; store/latest is a link to the latest.
Exit status, as Maelstrom's: 0 valid, 1 invalid, 2 unknown, 254 a bad command
line, 255 the workbench failed.`;

const specs = {
  ...maelstromSpecs,
  bin: { type: 'string' },
  availability: { type: 'string' },
  seed: { type: 'string' },
  'test-count': { type: 'string', default: '1' },
  'log-stderr': { type: 'boolean', default: false },
  'log-net-send': { type: 'boolean', default: false },
  'log-net-recv': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The exit status for each verdict. */
export const EXIT_STATUS = { true: 0, false: 1, unknown: 2, crashed: 255 } as const;

/** What `test` is to do. */
export interface TestPlan extends Omit<ProcessRunOptions, 'options' | 'screen' | 'stop'> {
  /** The options of each run. */
  readonly runs: readonly RunOptions[];
  /** The flags that are given and have no meaning here. */
  readonly meaningless: readonly string[];
}

/** Returns what a command line asks for, or undefined if that is only help. Throws a UsageError or ProgramError. */
export function testPlan(args: string[]): TestPlan | undefined {
  // Without `--`, arguments that are no flags are the node's as well, as in Maelstrom.
  const { values, positionals } = parseOptions(args, specs, true);
  if (values.help) return undefined;
  if (values.workload === undefined) throw new UsageError('-w is missing: g-counter or pn-counter');
  if (values.bin === undefined) throw new UsageError('--bin is missing: the program to test');
  const meaningless = meaninglessFrom(values);
  const count = numberFrom('test-count', values['test-count'], { min: 1, integer: true });
  const first = seedFrom(values.seed);
  if (!Number.isSafeInteger(first + count))
    throw new UsageError(`--seed ${first} leaves no room for ${count} runs`);
  const options = maelstromOptions(first, values);
  return {
    nodeArguments: positionals,
    runs: Array.from({ length: count }, (_, run) => ({ ...options, seed: first + run })),
    meaningless,
    check: checkFrom(values, 'maelstrom'),
    availability: values.availability === undefined ? undefined : availabilityFrom(values.availability),
    logStderr: values['log-stderr'],
    logSend: values['log-net-send'],
    logReceive: values['log-net-recv'],
    bin: programFrom(values.bin),
  };
}

/** Runs the test, as often as asked for or until a run is not valid, and resolves with the exit status. */
export async function testCommand(args: string[], stop: AbortSignal): Promise<number> {
  const plan = testPlan(args);
  if (plan === undefined) {
    console.log(testHelp);
    return 0;
  }
  const { runs, meaningless, ...run } = plan;
  noteMeaningless(meaningless);
  for (const [index, options] of runs.entries()) {
    if (stop.aborted) return EXIT_STATUS.unknown;
    if (runs.length > 1) console.log(`${index === 0 ? '' : '\n'}run ${index + 1} of ${runs.length}`);
    const { valid } = await runAndPrint({ ...run, options, stop });
    if (valid !== true) return EXIT_STATUS[`${valid}`];
  }
  return EXIT_STATUS.true;
}

/** Reads the value of --seed; without one, draws a seed. Throws a UsageError. */
export function seedFrom(text: string | undefined): number {
  if (text === undefined) return Math.floor(systemRandom.next() * 2 ** 32);
  return numberFrom('seed', text, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
}

function availabilityFrom(text: string): number {
  if (text === 'total') return 1;
  return numberFrom('availability', text, { min: 0, max: 1, fraction: true });
}
