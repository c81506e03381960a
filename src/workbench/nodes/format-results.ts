/**
 * The results of a run as text for a terminal of 80 columns.
 */
import { COLUMNS, fold, wrap } from '../../runtime/fold.ts';
import { formatRanges } from '../sim/ranges.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Results } from './results.ts';
import type { FunctionStats } from './stats.ts';
import type { Verdict } from './verdict.ts';

const LABEL = 12;
const PROBLEMS_SHOWN = 10;

/** Returns the figures, unless the run never started, what was wrong, and the verdicts. */
export function formatResults(results: Results): string {
  const { stats } = results;
  return [
    ...(stats.all.count === 0 ? [] : figures(results)),
    '',
    ...verdictLines(results),
    ...diagnosisLines(results.diagnoses),
  ].join('\n');
}

/** Why, and what to try: each mistake once. */
function diagnosisLines(diagnoses: readonly Diagnosis[]): string[] {
  if (diagnoses.length === 0) return [];
  const lines = diagnoses.flatMap(({ id, count, evidence, remedy, docs }) => [
    ...wrap(`- ${id}${count === 1 ? '' : ` (${count} times; the first)`}: ${evidence}`),
    ...wrap(`  Try: ${remedy}`),
    `  More: ${docs}`,
  ]);
  return ['', 'Why, and what to try:', ...lines];
}

function figures({ stats, messages, acceptable, finalReads }: Results): string[] {
  return [
    '',
    row('operations', ['count', 'ok', 'fail', 'info', 'ok %', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms']),
    ...(['add', 'read', 'all'] as const).map((f) => statsRow(f, stats[f])),
    '',
    `${'messages'.padEnd(LABEL)}${messages.all}, ${messages.perOperation.toFixed(2)} per operation; ` +
      `between servers ${messages.servers}, ${messages.serversPerOperation.toFixed(2)}`,
    `${'acceptable'.padEnd(LABEL)}${cut(formatRanges(acceptable), COLUMNS - LABEL)}`,
    ...fold(`${'final'.padEnd(LABEL)}${finalValues(finalReads).join(', ')}`, ' '.repeat(LABEL)),
  ];
}

function verdictLines({ check, verdicts, stats, finalReads }: Results): string[] {
  const { maelstrom, strict } = verdicts;
  const more = strict.problems.length - PROBLEMS_SHOWN;
  return [
    ...strict.problems.slice(0, PROBLEMS_SHOWN).map((problem) => `- ${problem}`),
    ...(more > 0 ? [`- and ${more} more, in results.json`] : []),
    `every read         ${strictVerdict(strict, stats.read.ok)}`,
    ...remarkLines(strict),
    `Maelstrom's check  ${maelstromsVerdict(maelstrom, finalReads.length)}`,
    ...remarkLines(maelstrom),
    ...(maelstrom.valid === true && strict.valid === false ? advice[check] : []),
  ];
}

const remarkLines = ({ valid, remarks }: Verdict): string[] =>
  valid === true ? remarks.map((remark) => `- ${remark}`) : [];

const accepted = [
  '',
  'Maelstrom accepts this run, since it judges only the final reads. What is wrong',
  'with the others may show there in another run; docs/workbench.md has more.',
];

/** What a learner should know whose node passes there and not here. */
const advice = {
  maelstrom: [...accepted, 'With --check strict, every read decides the exit status.'],
  strict: [...accepted, 'With --check maelstrom, its check decides the exit status.'],
} as const;

function strictVerdict({ valid, problems, remarks }: Verdict, reads: number): string {
  if (valid === 'unknown') return 'UNKNOWN: the run was cut short; until then, nothing was wrong';
  if (valid !== true)
    return `INVALID: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}`;
  if (reads === 0) return 'VALID, though no read was answered';
  if (remarks.length > 0) return 'VALID, though';
  return `VALID: ${reads} reads, each with all adds acknowledged before it`;
}

function maelstromsVerdict({ valid, problems, remarks }: Verdict, finalReads: number): string {
  switch (valid) {
    case 'unknown':
      return 'UNKNOWN: the run was cut short';
    case 'crashed':
      return 'NONE: such a node ends a test with an error';
    case false:
      return `INVALID: ${problems[0]}${problems.length > 1 ? `, and ${problems.length - 1} more` : ''}`;
    case true:
      if (remarks.length > 0) return 'VALID, though';
      return `VALID: ${finalReads} final read${finalReads === 1 ? '' : 's'}, each an acceptable sum`;
  }
}

function finalValues(finalReads: Results['finalReads']): string[] {
  const byNode = new Map<string, Set<number | string>>();
  for (const { node, value } of finalReads) {
    byNode.set(node, (byNode.get(node) ?? new Set()).add(value ?? 'no answer'));
  }
  return [...byNode].map(([node, values]) => `${node} ${[...values].join('/')}`);
}

function statsRow(name: string, { count, ok, fail, info, latencyMs }: FunctionStats): string {
  const latencies = latencyMs && [latencyMs.p50, latencyMs.p95, latencyMs.p99, latencyMs.max];
  const share = count === 0 ? '-' : ((100 * ok) / count).toFixed(1);
  return row(name, [count, ok, fail, info, share, ...(latencies ?? []).map((ms) => ms.toFixed(1))]);
}

const row = (name: string, cells: readonly (string | number)[]): string =>
  name.padEnd(LABEL) + cells.map((cell, i) => String(cell).padStart(i < 5 ? 7 : 8)).join('');

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
