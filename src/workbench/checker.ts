/**
 * Judges a history. Maelstrom holds the final reads that succeeded to "all acknowledged adds plus some of the
 * unknown ones". This checker holds *every* read to that, counting only what was possible at its time, and more:
 *   1. it includes every add acknowledged before it began;
 *   2. it includes no add invoked after it ended, none that was definitely refused, and none twice;
 *   3. it is not less than any read that had ended when it began;
 * and every final operation must be answered.
 */
import type { AddOperation, Operation, ReadOperation } from './history.ts';
import { type Ranges, formatRanges, includes, subsetSums } from './ranges.ts';

export interface Problem {
  readonly operation: Operation;
  /** One sentence. */
  readonly text: string;
}

export interface Judgement {
  readonly problems: readonly Problem[];
  /** What the final reads may return. */
  readonly acceptable: Ranges;
  readonly finalReads: readonly ReadOperation[];
}

export function judge(operations: readonly Operation[]): Judgement {
  const adds = operations.filter((operation) => operation.f === 'add');
  const reads = operations.filter((operation) => operation.f === 'read');
  const finalReads = reads.filter((read) => read.final);
  const problems = [
    ...judgeReads(adds, reads),
    ...operations.filter((operation) => operation.final).flatMap(unanswered),
  ];
  const acceptable = subsetSums(
    total(adds.filter((add) => add.outcome === 'ok')),
    adds.filter((add) => add.outcome === 'info').map((add) => add.delta),
  );
  return { problems, acceptable, finalReads };
}

/** Walks through the history once, event by event. */
function judgeReads(adds: readonly AddOperation[], reads: readonly ReadOperation[]): Problem[] {
  const possible = adds.filter((add) => add.outcome !== 'fail');
  const answered = reads.filter((read) => read.outcome === 'ok');
  const events = [
    ...possible.map((add) => ({ at: add.invoked.index, happen: () => void unacknowledged.add(add) })),
    ...possible
      .filter((add) => add.outcome === 'ok')
      .map((add) => ({
        at: add.completed.index,
        happen: () => {
          unacknowledged.delete(add);
          acknowledged += add.delta;
          for (const concurrent of begun.values()) concurrent.maybe.push(add);
        },
      })),
    ...answered.map((read) => ({
      at: read.invoked.index,
      happen: () => void begun.set(read, { least: acknowledged, highest, maybe: [] }),
    })),
    ...answered.map((read) => ({ at: read.completed.index, happen: () => end(read) })),
  ].toSorted((a, b) => a.at - b.at);

  const problems: Problem[] = [];
  const unacknowledged = new Set<AddOperation>();
  let acknowledged = 0;
  let highest: ReadOperation | undefined;
  /** Reads under way, with what was certain when they began and the adds acknowledged since. */
  const begun = new Map<
    ReadOperation,
    { least: number; highest: ReadOperation | undefined; maybe: AddOperation[] }
  >();

  const end = (read: ReadOperation): void => {
    const start = begun.get(read);
    begun.delete(read);
    if (start === undefined || read.value === undefined) return;
    const deltas = [...start.maybe, ...unacknowledged].map((add) => add.delta);
    const text = explain(read.value, start.least, subsetSums(start.least, deltas), start.highest);
    if (text !== undefined) problems.push({ operation: read, text: `${describe(read)} ${text}` });
    if (read.value > (highest?.value ?? 0)) highest = read;
  };
  for (const event of events) event.happen();
  return problems;
}

/** What is wrong with `value`, if anything is. */
function explain(
  value: number,
  least: number,
  allowed: Ranges,
  highest: ReadOperation | undefined,
): string | undefined {
  const most = allowed.at(-1)?.[1] ?? least;
  if (value < least) return `misses ${least - value} of the ${least} acknowledged before it began`;
  if (value > most) return `exceeds by ${value - most} all that had been added when it ended, ${most}`;
  if (!includes(allowed, value)) {
    return `is no sum of acknowledged adds and others that may have happened: ${formatRanges(allowed)}`;
  }
  if (highest?.value !== undefined && value < highest.value) {
    return `goes back: before it began, ${describe(highest)} had ended`;
  }
  return undefined;
}

function unanswered(operation: Operation): Problem[] {
  if (operation.outcome === 'ok') return [];
  const { node, f, error } = operation;
  return [{ operation, text: `${node} did not answer its final ${f}: ${error ?? 'no reply'}` }];
}

function describe(read: ReadOperation): string {
  const kind = read.final ? 'final read' : 'read';
  const when = `${seconds(read.invoked.timeMs)}–${seconds(read.completed.timeMs)} s`;
  return `the ${kind} of ${read.value} from ${read.node} (process ${read.process}, ${when})`;
}

const total = (adds: readonly AddOperation[]): number => adds.reduce((sum, add) => sum + add.delta, 0);

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3);
