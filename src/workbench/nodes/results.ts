/**
 * The results of a run: what results.json holds, and how they are printed. The names of the fields are part of that format.
 */
import type { Judgement } from './checker.ts';
import type { Operation } from './history.ts';
import type { MessageCounts } from '../sim/network.ts';
import { type Ranges, formatRanges } from '../sim/ranges.ts';
import type { RunOptions } from './options.ts';
import { type FunctionStats, functionStats } from './stats.ts';

/** The content of results.json. */
export interface Results {
  readonly valid: boolean | 'unknown';
  /** Why it is not valid, one sentence each. */
  readonly problems: readonly string[];
  readonly stats: { readonly all: FunctionStats; readonly add: FunctionStats; readonly read: FunctionStats };
  readonly availability: { readonly valid: boolean; readonly okFraction: number };
  readonly messages: MessageCounts & {
    readonly perOperation: number;
    /** Between servers, per operation. */
    readonly serversPerOperation: number;
  };
  readonly acceptable: Ranges;
  readonly finalReads: readonly { readonly node: string; readonly value: number | null }[];
  readonly options: Omit<RunOptions, 'faults'> & { readonly faults: readonly string[] };
}

/** Returns the results of a run that went to its end. */
export function summarise(
  options: RunOptions,
  operations: readonly Operation[],
  { problems, acceptable, finalReads }: Judgement,
  messages: MessageCounts,
  /** The share of operations that must succeed, from 0 to 1. */
  demand = 0,
): Results {
  const stats = {
    all: functionStats(operations),
    add: functionStats(operations.filter((operation) => operation.f === 'add')),
    read: functionStats(operations.filter((operation) => operation.f === 'read')),
  };
  const okFraction = stats.all.count === 0 ? 1 : stats.all.ok / stats.all.count;
  const available = okFraction >= demand;
  const texts = [
    ...problems.map((problem) => problem.text),
    ...(['add', 'read'] as const)
      .filter((f) => stats[f].count > 0 && stats[f].ok === 0)
      .map((f) => `none of ${stats[f].count} ${f} operations succeeded`),
    ...(available
      ? []
      : [`only ${percent(okFraction)} of all operations succeeded, ${percent(demand)} were demanded`]),
  ];
  const perOperation = (count: number): number => (operations.length === 0 ? 0 : count / operations.length);
  return {
    valid: texts.length === 0,
    problems: texts,
    stats,
    availability: { valid: available, okFraction },
    messages: {
      ...messages,
      perOperation: perOperation(messages.all),
      serversPerOperation: perOperation(messages.servers),
    },
    acceptable,
    finalReads: finalReads
      .map((read) => ({ node: read.node, value: read.value ?? null }))
      .toSorted((a, b) => options.nodeIds.indexOf(a.node) - options.nodeIds.indexOf(b.node)),
    options: { ...options, faults: [...options.faults] },
  };
}

/** Returns the results of a run that was cut short: invalid if something had gone wrong by then, or else `valid`. */
export function cutShort(
  results: Results,
  { problems }: Judgement,
  reason: string,
  valid: false | 'unknown',
): Results {
  return {
    ...results,
    valid: problems.length > 0 ? false : valid,
    problems: [reason, ...problems.map((problem) => problem.text)],
  };
}

const PROBLEMS_SHOWN = 10;

/** Returns the results as text for a terminal. */
export function formatResults({ valid, problems, stats, messages, acceptable, finalReads }: Results): string {
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    '',
    row('operations', ['count', 'ok', 'fail', 'info', 'ok %', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms']),
    ...(['add', 'read', 'all'] as const).map((f) => statsRow(f, stats[f])),
    '',
    `messages    ${messages.all}, ${messages.perOperation.toFixed(2)} per operation; ` +
      `between servers ${messages.servers}, ${messages.serversPerOperation.toFixed(2)} per operation`,
    `acceptable  ${formatRanges(acceptable)}`,
    `final       ${finalValues(finalReads)}`,
    '',
    ...problems.slice(0, PROBLEMS_SHOWN).map((problem) => `- ${problem}`),
    ...(more > 0 ? [`- and ${more} more, in results.json`] : []),
    verdict(valid, stats.read.ok),
  ].join('\n');
}

function verdict(valid: Results['valid'], reads: number): string {
  if (valid === 'unknown') return 'UNKNOWN: the run was cut short; until then, nothing was wrong';
  if (!valid) return 'INVALID';
  return `VALID: each of ${reads} reads had every add acknowledged before it and nothing that was never added`;
}

function finalValues(finalReads: Results['finalReads']): string {
  const byNode = new Map<string, Set<number | string>>();
  for (const { node, value } of finalReads) {
    byNode.set(node, (byNode.get(node) ?? new Set()).add(value ?? 'no answer'));
  }
  return [...byNode].map(([node, values]) => `${node} ${[...values].join('/')}`).join(', ');
}

function statsRow(name: string, { count, ok, fail, info, latencyMs }: FunctionStats): string {
  const latencies = latencyMs && [latencyMs.p50, latencyMs.p95, latencyMs.p99, latencyMs.max];
  const share = count === 0 ? '-' : ((100 * ok) / count).toFixed(1);
  return row(name, [count, ok, fail, info, share, ...(latencies ?? []).map((ms) => ms.toFixed(1))]);
}

const row = (name: string, cells: readonly (string | number)[]): string =>
  name.padEnd(12) + cells.map((cell) => String(cell).padStart(8)).join('');

const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;
