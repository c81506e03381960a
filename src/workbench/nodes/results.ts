/**
 * The results of a run: what results.json holds. The names of the fields are part of that format.
 */
import type { Problem } from './checker.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Operation } from './history.ts';
import { judgeFinalReads } from './maelstrom-check.ts';
import { remarkOnNegativeAdds } from './negative-adds.ts';
import type { Offence } from './nodes.ts';
import type { MessageCounts } from '../sim/network.ts';
import type { Ranges } from '../sim/ranges.ts';
import type { RunOptions } from './options.ts';
import { type FunctionStats, functionStats } from './stats.ts';
import type { Interrupted, NodeFailure } from './stopped.ts';
import { type Check, type Verdict, verdictsOn } from './verdict.ts';

/** The content of results.json. */
export interface Results {
  /** The verdict of the check that decides. */
  readonly valid: Verdict['valid'];
  /** The check that decides. */
  readonly check: Check;
  readonly verdicts: Readonly<Record<Check, Verdict>>;
  /** The program that was tested, and its arguments. */
  readonly program: readonly string[];
  readonly stats: { readonly all: FunctionStats; readonly add: FunctionStats; readonly read: FunctionStats };
  readonly availability: { readonly valid: boolean; readonly okFraction: number };
  readonly messages: MessageCounts & {
    readonly perOperation: number;
    /** Between servers, per operation. */
    readonly serversPerOperation: number;
  };
  /** The sums that Maelstrom accepts of final reads. */
  readonly acceptable: Ranges;
  readonly finalReads: readonly { readonly node: string; readonly value: number | null }[];
  /** What led to it, as far as that was looked for and recognised. */
  readonly diagnoses: readonly Diagnosis[];
  readonly options: Omit<RunOptions, 'faults'> & { readonly faults: readonly string[] };
}

/** What was run, and what is demanded of it. */
export interface Described {
  readonly options: RunOptions;
  readonly program: readonly string[];
  readonly check: Check;
  /** The share of operations that must succeed, from 0 to 1. */
  readonly availability?: number | undefined;
}

/** What came of it. */
export interface Recorded {
  readonly operations: readonly Operation[];
  readonly offences: readonly Offence[];
  readonly messageCounts: MessageCounts;
  /** What the strict check found. */
  readonly problems: readonly Problem[];
  /** Why the run was cut short, if it was. */
  readonly stopped: NodeFailure | Interrupted | undefined;
}

export function summarise(
  { options, program, check, availability: demand = 0 }: Described,
  { operations, offences, messageCounts, problems, stopped }: Recorded,
): Results {
  const stats = {
    all: functionStats(operations),
    add: functionStats(operations.filter((operation) => operation.f === 'add')),
    read: functionStats(operations.filter((operation) => operation.f === 'read')),
  };
  const okFraction = stats.all.count === 0 ? 1 : stats.all.ok / stats.all.count;
  const available = okFraction >= demand;
  const finalReads = judgeFinalReads(operations);
  const verdicts = verdictsOn({
    stopped,
    offences,
    problems: problems.map(({ text }) => text),
    finalReads,
    remarks: remarkOnNegativeAdds(operations),
    shortcomings: [
      ...(['add', 'read'] as const)
        .filter((f) => stats[f].count > 0 && stats[f].ok === 0)
        .map((f) => `none of ${stats[f].count} ${f} operations succeeded`),
      ...(available
        ? []
        : [`only ${percent(okFraction)} of all operations succeeded, ${percent(demand)} were demanded`]),
    ],
  });
  const perOperation = (count: number): number => (operations.length === 0 ? 0 : count / operations.length);
  return {
    valid: verdicts[check].valid,
    check,
    verdicts,
    program,
    stats,
    availability: { valid: available, okFraction },
    messages: {
      ...messageCounts,
      perOperation: perOperation(messageCounts.all),
      serversPerOperation: perOperation(messageCounts.servers),
    },
    acceptable: finalReads.acceptable,
    finalReads: finalReads.reads
      .map((read) => ({ node: read.node, value: read.value ?? null }))
      .toSorted((a, b) => options.nodeIds.indexOf(a.node) - options.nodeIds.indexOf(b.node)),
    diagnoses: [],
    options: { ...options, faults: [...options.faults] },
  };
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;
