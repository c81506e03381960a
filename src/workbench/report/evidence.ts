import type { Problem } from '../nodes/checker.ts';
import type { AddOperation, Operation, ReadOperation } from '../nodes/history.ts';
import { type Ranges, includes, subsetSums } from '../sim/ranges.ts';
import { type EarlierRead, highestBefore } from './earlier-read.ts';

export type Offence = 'misses' | 'exceeds' | 'no sum' | 'goes back' | 'unanswered';

/** An add that counted, with what all such adds came to from then on. */
export interface Entry {
  readonly add: AddOperation;
  readonly total: number;
}

/** What the history has to say about one wrong answer, or about none where there had to be one. */
export interface Evidence {
  readonly operation: Operation;
  /** What was answered, if it is a read and was. */
  readonly value: number | undefined;
  readonly offence: Offence;
  /** The sum of the adds acknowledged before it began. */
  readonly acknowledged: number;
  /** What might have been answered, as far as adds go. */
  readonly allowed: Ranges;
  /** The adds acknowledged before it began, in the order in which they were. */
  readonly before: readonly Entry[];
  /** Adds that might be counted or not: not yet acknowledged when it began, asked for before it ended. */
  readonly around: readonly AddOperation[];
  /** The read that ended before it began, and from which most follows. */
  readonly earlier: EarlierRead | undefined;
  /** Adds that would explain it: the last ones of one node that come to just what is missing, or one counted twice. */
  readonly suspects: ReadonlySet<AddOperation>;
}

export function evidenceOf({ operation }: Problem, operations: readonly Operation[]): Evidence {
  const { invoked, completed } = operation;
  const possible = operations
    .filter((other) => other.f === 'add')
    .filter((add) => add.outcome !== 'fail' && add !== operation);
  const isBefore = (add: AddOperation): boolean =>
    add.outcome === 'ok' && add.completed.index < invoked.index;
  const before = running(possible.filter(isBefore));
  const around = possible.filter((add) => !isBefore(add) && add.invoked.index < completed.index);
  const acknowledged = before.at(-1)?.total ?? 0;
  const deltas = around.map((add) => add.delta);
  const known = {
    operation,
    value: answerOf(operation),
    acknowledged,
    allowed: subsetSums(acknowledged, deltas),
    before,
    around,
    earlier: highestBefore(operations, invoked.index),
  };
  const offence = offenceOf(known);
  return { ...known, offence, suspects: suspectsOf({ ...known, offence }) };
}

/** What a client was told, if it was. */
export const answerOf = (operation: Operation): number | undefined =>
  operation.f === 'read' && operation.outcome === 'ok' ? operation.value : undefined;

/** An operation that was answered, and not as it should have been. */
export const isWrongAnswer = (operation: Operation): operation is ReadOperation =>
  answerOf(operation) !== undefined;

export const lowest = (allowed: Ranges): number => allowed[0]?.[0] ?? 0;
export const greatest = (allowed: Ranges): number => allowed.at(-1)?.[1] ?? 0;

function running(adds: readonly AddOperation[]): Entry[] {
  let total = 0;
  return adds
    .toSorted((a, b) => a.completed.index - b.completed.index)
    .map((add) => ({ add, total: (total += add.delta) }));
}

function offenceOf({ value, allowed, earlier }: Omit<Evidence, 'offence' | 'suspects'>): Offence {
  if (value === undefined) return 'unanswered';
  if (value < lowest(allowed)) return 'misses';
  if (value > greatest(allowed)) return 'exceeds';
  if (!includes(allowed, value)) return 'no sum';
  return (earlier?.floor ?? value) > value ? 'goes back' : 'no sum';
}

function suspectsOf({
  value,
  offence,
  allowed,
  before,
  around,
}: Omit<Evidence, 'suspects'>): Set<AddOperation> {
  if (value === undefined) return new Set();
  if (offence === 'misses') return lastOfOneNode(before, lowest(allowed) - value);
  if (offence !== 'exceeds') return new Set();
  const excess = value - greatest(allowed);
  const twice = [...before.map(({ add }) => add), ...around].filter((add) => add.delta === excess);
  return new Set(twice.slice(-3));
}

/** The last few adds of one node, acknowledged shortly before, if they come to exactly `missing`. */
function lastOfOneNode(before: readonly Entry[], missing: number): Set<AddOperation> {
  const backwards = before.toReversed().map(({ add }) => add);
  for (const node of new Set(backwards.map((add) => add.node))) {
    const suspects: AddOperation[] = [];
    let sum = 0;
    for (const add of backwards) {
      if (sum >= missing) break;
      if (add.node !== node || add.delta === 0) continue;
      suspects.push(add);
      sum += add.delta;
    }
    if (sum === missing) return new Set(suspects);
  }
  return new Set();
}
