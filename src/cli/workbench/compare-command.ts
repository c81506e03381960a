/**
 * `g-counter-workbench compare`: two programs under the same seed, and their results side by side.
 */
import type { Results } from '../../workbench/nodes/results.ts';
import { sideBySide } from '../../workbench/nodes/side-by-side.ts';
import { UsageError, parseOptions, programFrom } from '../arguments.ts';
import { applyFlags, checkFrom, maelstromDefaults, runOptionSpecs, runOptionsHelp } from './run-options.ts';
import { runAndPrint } from './run-and-print.ts';
import { EXIT_STATUS, seedFrom } from './test-command.ts';

export const compareHelp = `Usage: g-counter-workbench compare A B [options]

Runs two programs one after the other, as test does, on the same seed, and shows the results side by side. A program may
have arguments: 'test/mutants/mutant no-barrier'.

${runOptionsHelp}
  --seed N                 the seed of all random choices (default: a new one, shown at the start)

Exit status: that of the worse program.`;

const specs = {
  ...runOptionSpecs,
  seed: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Compares two programs and resolves with the exit status. */
export async function compareCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions(args, specs, true);
  if (values.help) {
    console.log(compareHelp);
    return 0;
  }
  if (positionals.length !== 2) throw new UsageError(`compare takes two programs, not ${positionals.length}`);
  const candidates = positionals.map((command) => {
    const [bin = '', ...nodeArguments] = command.split(' ');
    return { bin: programFrom(bin), nodeArguments };
  });
  const options = applyFlags(maelstromDefaults(seedFrom(values.seed)), values);
  const check = checkFrom(values, 'maelstrom');
  const results: Results[] = [];
  for (const candidate of candidates) {
    const one = await runAndPrint({ ...candidate, options, check });
    if (one.valid === 'unknown') return EXIT_STATUS.unknown;
    results.push(one);
    console.log();
  }
  for (const line of sideBySide(positionals, results)) console.log(line);
  return Math.max(...results.map(({ valid }) => EXIT_STATUS[`${valid}`]));
}
