/**
 * `g-counter-workbench compare`: two programs under the same seed, and their results side by side.
 */
import type { Results } from '../../workbench/nodes/results.ts';
import type { FunctionStats } from '../../workbench/nodes/stats.ts';
import { UsageError, parseOptions, programFrom } from '../arguments.ts';
import { applyFlags, maelstromDefaults, runOptionSpecs, runOptionsHelp } from './run-options.ts';
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
  const results: Results[] = [];
  for (const candidate of candidates) {
    const one = await runAndPrint({ ...candidate, options });
    if (one.valid === 'unknown') return EXIT_STATUS.unknown;
    results.push(one);
    console.log();
  }
  for (const line of sideBySide(positionals, results)) console.log(line);
  return Math.max(...results.map(({ valid }) => EXIT_STATUS[`${valid}`]));
}

const quantiles = ({ latencyMs }: FunctionStats): string =>
  latencyMs === undefined
    ? '-'
    : [latencyMs.p50, latencyMs.p95, latencyMs.p99].map((ms) => ms.toFixed(1)).join(' / ');

const rows: readonly (readonly [label: string, cell: (results: Results) => string])[] = [
  [
    'verdict',
    ({ valid, problems }) =>
      valid === true ? 'VALID' : `${valid === false ? 'INVALID' : 'UNKNOWN'} (${problems.length} problems)`,
  ],
  ['operations', ({ stats }) => `${stats.all.count}`],
  ['succeeded', ({ availability }) => `${(100 * availability.okFraction).toFixed(2)} %`],
  ['messages per operation', ({ messages }) => messages.perOperation.toFixed(2)],
  ['  between servers', ({ messages }) => messages.serversPerOperation.toFixed(2)],
  ['add, ms (p50 / p95 / p99)', ({ stats }) => quantiles(stats.add)],
  ['read, ms (p50 / p95 / p99)', ({ stats }) => quantiles(stats.read)],
];

function sideBySide(names: readonly string[], results: readonly Results[]): string[] {
  const table = [['', ...names], ...rows.map(([label, cell]) => [label, ...results.map(cell)])];
  const widths = ['', ...names].map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
