/**
 * The results of several programs as a table for a terminal: what `compare` prints.
 */
import { fold } from '../../runtime/fold.ts';
import type { Results } from './results.ts';
import type { FunctionStats } from './stats.ts';
import type { Verdict } from './verdict.ts';

/** The widest cell: three latencies of operations, for which clients wait five seconds at most. */
const WIDEST_CELL = '5000.0 / 5000.0 / 5000.0'.length;

/**
 * Returns the lines of a table with a column for each of two programs, headed by its name. Where a name is too long for a
 * terminal of 80 columns, letters stand for the names.
 */
export function sideBySide(names: readonly string[], results: readonly Results[]): string[] {
  if (names.every((name) => name.length <= WIDEST_CELL)) return tableOf(names, results);
  const letters = names.map((_, index) => String.fromCharCode('A'.charCodeAt(0) + index));
  const legend = names.flatMap((name, index) => fold(`${letters[index]}: ${name}`, '   '));
  return [...legend, '', ...tableOf(letters, results)];
}

function tableOf(heads: readonly string[], results: readonly Results[]): string[] {
  const table = [['', ...heads], ...rows.map(([label, cell]) => [label, ...results.map(cell)])];
  const widths = ['', ...heads].map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}

const quantiles = ({ latencyMs }: FunctionStats): string =>
  latencyMs === undefined
    ? '-'
    : [latencyMs.p50, latencyMs.p95, latencyMs.p99].map((ms) => ms.toFixed(1)).join(' / ');

const words = { true: 'VALID', false: 'INVALID', unknown: 'UNKNOWN', crashed: 'NONE' } as const;

const inShort = ({ valid, problems }: Verdict): string =>
  valid === true ? words.true : `${words[`${valid}`]} (${counted(problems.length)})`;

const counted = (problems: number): string => (problems === 1 ? '1 problem' : `${problems} problems`);

const rows: readonly (readonly [label: string, cell: (results: Results) => string])[] = [
  ["Maelstrom's check", ({ verdicts }) => inShort(verdicts.maelstrom)],
  ['every read', ({ verdicts }) => inShort(verdicts.strict)],
  ['operations', ({ stats }) => `${stats.all.count}`],
  ['succeeded', ({ availability }) => `${(100 * availability.okFraction).toFixed(2)} %`],
  ['messages per operation', ({ messages }) => messages.perOperation.toFixed(2)],
  ['  between servers', ({ messages }) => messages.serversPerOperation.toFixed(2)],
  ['add, ms (p50 / p95 / p99)', ({ stats }) => quantiles(stats.add)],
  ['read, ms (p50 / p95 / p99)', ({ stats }) => quantiles(stats.read)],
];
