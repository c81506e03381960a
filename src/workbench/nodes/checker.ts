/**
 * The strict check, of every read. Maelstrom demands of the final reads that they return all acknowledged adds plus some of
 * the unknown ones (maelstrom-check.ts). This one demands it of *every* read, counting only what was possible at its time:
 *   1. it includes every add acknowledged before it began;
 *   2. it includes no add invoked after it ended, none that definitely failed, and none twice;
 *   3. it is not less than any read that ended before it began, plus what was added and acknowledged in between.
 * And every final operation must succeed.
 */
import type { AddOperation, Operation, ReadOperation } from './history.ts';
import { MinimumRead } from './minimum-read.ts';
import { type Ranges, formatRanges, includes, shifted, withOptional } from '../sim/ranges.ts';

export interface Problem {
  readonly operation: Operation;
  /** One sentence. */
  readonly text: string;
}

/** Returns what is wrong. `growOnly`: no add is negative, so that reads must never go back. */
export function judge(operations: readonly Operation[], growOnly = true): Problem[] {
  const adds = operations.filter((operation) => operation.f === 'add');
  const reads = operations.filter((operation) => operation.f === 'read');
  return [
    ...judgeReads(adds, reads, growOnly ? new MinimumRead() : undefined),
    ...operations.filter((operation) => operation.final).flatMap(unanswered),
  ];
}

/** A read that has begun: what was known then, and what has happened since. */
interface ReadUnderWay {
  /** The sum of all adds acknowledged before it began. */
  readonly acknowledged: number;
  /** The least that it may return, and the earlier read from which that follows. */
  readonly minimum: number;
  readonly minimumSetBy: ReadOperation | undefined;
  /** The deltas acknowledged since. */
  readonly concurrent: number[];
}

/** Goes through the history once, event by event. */
function judgeReads(
  adds: readonly AddOperation[],
  reads: readonly ReadOperation[],
  minimum: MinimumRead | undefined,
): Problem[] {
  const problems: Problem[] = [];
  let acknowledged = 0;
  /** The possible sums of the adds whose outcome is unknown. */
  let unknown: Ranges = [[0, 0]];
  const unacknowledged = new Set<AddOperation>();
  const underWay = new Map<ReadOperation, ReadUnderWay>();

  const invoke = (add: AddOperation): void => {
    if (add.outcome === 'ok') unacknowledged.add(add);
    if (add.outcome === 'info') unknown = withOptional(unknown, add.delta);
  };
  const acknowledge = (add: AddOperation): void => {
    unacknowledged.delete(add);
    acknowledged += add.delta;
    minimum?.addAcknowledged(add);
    for (const { concurrent } of underWay.values()) concurrent.push(add.delta);
  };
  const begin = (read: ReadOperation): void => {
    underWay.set(read, {
      acknowledged,
      minimum: minimum?.value ?? -Infinity,
      minimumSetBy: minimum?.setBy,
      concurrent: [],
    });
  };
  const end = (read: ReadOperation): void => {
    const known = underWay.get(read);
    underWay.delete(read);
    if (known === undefined || read.value === undefined) return;
    const pending = [...known.concurrent, ...[...unacknowledged].map((add) => add.delta)];
    const allowed = pending.reduce(withOptional, shifted(unknown, known.acknowledged));
    const text = explain(read.value, allowed, known);
    if (text !== undefined) problems.push({ operation: read, text: `${describe(read)} ${text}` });
    minimum?.readEnded(read);
  };

  const acknowledgedAdds = adds.filter((add) => add.outcome === 'ok');
  const answeredReads = reads.filter((read) => read.outcome === 'ok');
  const events = [
    ...adds.map((add) => ({ at: add.invoked.index, happen: () => invoke(add) })),
    ...acknowledgedAdds.map((add) => ({ at: add.completed.index, happen: () => acknowledge(add) })),
    ...answeredReads.map((read) => ({ at: read.invoked.index, happen: () => begin(read) })),
    ...answeredReads.map((read) => ({ at: read.completed.index, happen: () => end(read) })),
  ];
  for (const event of events.toSorted((a, b) => a.at - b.at)) event.happen();
  return problems;
}

/** Returns what is wrong with `value`, or undefined. */
function explain(
  value: number,
  allowed: Ranges,
  { acknowledged, minimum, minimumSetBy }: ReadUnderWay,
): string | undefined {
  const least = allowed[0]?.[0] ?? acknowledged;
  const most = allowed.at(-1)?.[1] ?? acknowledged;
  if (value < least && least === acknowledged) {
    return `misses ${least - value} of the ${least} acknowledged before it began`;
  }
  if (value < least)
    return `is ${least - value} less than the least that was possible when it ended, ${least}`;
  if (value > most) return `exceeds by ${value - most} all that had been added when it ended, ${most}`;
  if (!includes(allowed, value)) {
    return `is not a sum of acknowledged adds and others that may have happened: ${formatRanges(allowed)}`;
  }
  if (value < minimum && minimumSetBy !== undefined) {
    const since = minimum - (minimumSetBy.value ?? 0);
    const more = since === 0 ? '' : ` and ${since} more had been added and acknowledged`;
    return `goes back: before it began, ${describe(minimumSetBy)} had ended${more}`;
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

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3);
