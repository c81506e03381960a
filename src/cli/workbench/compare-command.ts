/**
 * `g-counter-workbench compare`: two programs under the same seed, and their results side by side.
 */
import type { Results } from '../../workbench/nodes/results.ts';
import { sideBySide } from '../../workbench/nodes/side-by-side.ts';
import { UsageError, parseOptions } from '../arguments.ts';
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
import { EXIT_STATUS, seedFrom } from './test-command.ts';

export const compareHelp = `Usage: g-counter-workbench compare A B [options]

Runs two programs one after the other, as test does, on the same seed, and shows
the results side by side. A program may have arguments:
'test/mutants/mutant no-barrier'.

${runOptionsHelp}
${nodesHelp}
  --seed N                 the seed of all random choices (default: a new one,
                           shown at the start)

${meaninglessHelp}

Exit status: that of the worse program, or 2 after a bad command line.`;

const specs = {
  ...maelstromSpecs,
  seed: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Compares two programs and resolves with the exit status. */
export async function compareCommand(args: string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parseOptions(args, specs, true);
  if (values.help) {
    console.log(compareHelp);
    return 0;
  }
  if (positionals.length !== 2) throw new UsageError(`compare takes two programs, not ${positionals.length}`);
  const options = maelstromOptions(seedFrom(values.seed), values);
  const meaningless = meaninglessFrom(values);
  const candidates = positionals.map((command) => {
    const [bin = '', ...nodeArguments] = command.trim().split(/\s+/);
    return { bin: programFrom(bin), nodeArguments };
  });
  const check = checkFrom(values, 'maelstrom');
  noteMeaningless(meaningless);
  const results: Results[] = [];
  for (const candidate of candidates) {
    results.push(await runAndPrint({ ...candidate, options, check, stop }));
    if (stop.aborted) return EXIT_STATUS.unknown;
    console.log();
  }
  for (const line of sideBySide(positionals, results)) console.log(line);
  return Math.max(...results.map(({ valid }) => EXIT_STATUS[`${valid}`]));
}
