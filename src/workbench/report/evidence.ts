/**
 * What the history says about one problem, a wrong read or an operation that failed after healing: what was due, which
 * adds would explain it, and the same in plain words for a reader who knows neither the node nor the checker.
 */
import type { Problem } from '../nodes/checker.ts';
import type { AddOperation, Operation, ReadOperation } from '../nodes/history.ts';
import { type Ranges, formatRanges, includes, subsetSums } from '../sim/ranges.ts';
import { counted, duration, grouped, listed, seconds, signed } from './format.ts';

type Offence = 'misses' | 'exceeds' | 'no sum' | 'goes back' | 'unanswered';

/** An acknowledged add, with the sum of all adds acknowledged by then. */
interface Entry {
  readonly add: AddOperation;
  readonly total: number;
}

export interface Evidence {
  readonly operation: Operation;
  /** The value returned, if it is a read that succeeded. */
  readonly value: number | undefined;
  readonly offence: Offence;
  /** The sum of the adds acknowledged before it began. */
  readonly acknowledged: number;
  /** What a read might have returned, as far as adds go. */
  readonly allowed: Ranges;
  /** The adds acknowledged before it began, in this order. */
  readonly before: readonly Entry[];
  /** Adds that may be counted or not: not yet acknowledged when it began, invoked before it ended. */
  readonly around: readonly AddOperation[];
  /** Of the reads that ended before it began, the one that demands most. */
  readonly earlier: EarlierRead | undefined;
  /** Adds that would explain it: the last ones of a node that sum to what is missing, or one counted twice. */
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
    value: returnedValue(operation),
    acknowledged,
    allowed: subsetSums(acknowledged, deltas),
    before,
    around,
    earlier: highestBefore(operations, invoked.index),
  };
  const offence = offenceOf(known);
  return { ...known, offence, suspects: suspectsOf({ ...known, offence }) };
}

/** What a read returned, if it succeeded. */
export const returnedValue = (operation: Operation): number | undefined =>
  operation.f === 'read' && operation.outcome === 'ok' ? operation.value : undefined;

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
  return (earlier?.atLeast ?? value) > value ? 'goes back' : 'no sum';
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

/** The last few acknowledged adds of one node, if they sum to exactly `missing`. */
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

/** A read that had ended when another began, and what follows for the other. */
interface EarlierRead {
  readonly read: ReadOperation;
  /** What this one returned. */
  readonly value: number;
  /** What the other must return: that, and the adds invoked after this one and acknowledged before the other. */
  readonly atLeast: number;
}

/** Of the reads that ended before the event with this index, the one that demands most. */
function highestBefore(operations: readonly Operation[], index: number): EarlierRead | undefined {
  const ended = operations.filter(({ completed, outcome }) => outcome === 'ok' && completed.index < index);
  // Backwards through time: when a read is reached, all adds that were invoked after it are in the sum.
  const adds = ended.filter((operation) => operation.f === 'add');
  const latestAdds = adds.toSorted((a, b) => b.invoked.index - a.invoked.index);
  const reads = ended.filter((operation) => operation.f === 'read');
  let [best, next, since]: [EarlierRead | undefined, number, number] = [undefined, 0, 0];
  for (const read of reads.toSorted((a, b) => b.completed.index - a.completed.index)) {
    const { value } = read;
    if (value === undefined) continue;
    for (let add = latestAdds[next]; add !== undefined && add.invoked.index > read.completed.index;) {
      since += add.delta;
      add = latestAdds[++next];
    }
    if (best === undefined || value + since > best.atLeast) best = { read, value, atLeast: value + since };
  }
  return best;
}

interface Explanation {
  /** What happened, in one line. */
  readonly headline: string;
  /** How it is known, and what may have led to it. */
  readonly sentences: readonly string[];
}

/** The problem in plain words. */
export function explain(evidence: Evidence): Explanation {
  const { operation, offence, acknowledged, earlier } = evidence;
  const { node, process, invoked, completed, final } = operation;
  const value = grouped(evidence.value ?? 0);
  const kind = final ? 'for the last time, after all faults had healed' : 'for the count';
  const tookMs = completed.timeMs - invoked.timeMs;
  const asked =
    `Client process ${process} asked ${node} ${kind} at ${seconds(invoked.timeMs)} and was told ` +
    `${value}${tookMs < 0.05 ? ' at once' : `, ${duration(tookMs)} later`}.`;
  switch (offence) {
    case 'misses':
      return {
        headline: `${node} answered ${value}; ${due(evidence)}`,
        sentences: [asked, certain(evidence), ...outdated(evidence), ...suspicion(evidence)],
      };
    case 'exceeds':
      return {
        headline: `${node} answered ${value}; no more than ${grouped(greatest(evidence.allowed))} had ever been added`,
        sentences: [
          asked,
          `All adds that clients had asked for by then, without those that were refused, come to ${grouped(greatest(evidence.allowed))}: ` +
            `the answer is ${grouped((evidence.value ?? 0) - greatest(evidence.allowed))} too high, so something was counted twice or never added.`,
          ...suspicion(evidence),
        ],
      };
    case 'goes back':
      return {
        headline: `${node} answered ${value} after ${grouped(earlier?.atLeast ?? 0)} had already been reached`,
        sentences: [asked, ...(earlier === undefined ? [] : seenBefore(earlier))],
      };
    case 'unanswered':
      return {
        headline: `${node} left ${final ? 'its final' : 'a'} ${operation.f} without an answer`,
        sentences: [
          `Client process ${process} asked ${node} ${operation.f === 'add' ? `to add ${operation.delta}` : kind} at ` +
            `${seconds(invoked.timeMs)} and had no good answer by ${seconds(completed.timeMs)}: ${operation.error ?? 'no reply'}.`,
          ...(final ? ['By then all faults had healed, so nothing excuses it.'] : []),
        ],
      };
    case 'no sum':
      return {
        headline: `${node} answered ${value}, which no set of adds comes to`,
        sentences: [
          asked,
          `Adds of ${grouped(acknowledged)} had been acknowledged, and ${counted(evidence.around.length, 'other add')} may have ` +
            `happened (${evidence.around
              .map((add) => signed(add.delta))
              .slice(0, 12)
              .join(', ')}). ` +
            `With any of them it could have answered ${formatRanges(evidence.allowed)}.`,
        ],
      };
  }
}

function seenBefore({ read, value, atLeast }: EarlierRead): string[] {
  const since = atLeast - value;
  const more =
    since === 0
      ? ''
      : ` After that, adds of ${grouped(since)} were asked for and acknowledged, also before it began.`;
  return [
    `But ${read.node} had told process ${read.process} that it was ${grouped(value)} at ${seconds(read.completed.timeMs)}, before ` +
      `this read began, and a counter that only grows does not go back.${more}`,
  ];
}

function due({ allowed }: Evidence): string {
  const [low, high] = [lowest(allowed), greatest(allowed)];
  return low === high ? `the only right answer was ${grouped(low)}` : `at least ${grouped(low)} was due`;
}

function certain({ value = 0, acknowledged, allowed, before, around }: Evidence): string {
  const [low, high] = [lowest(allowed), greatest(allowed)];
  const under = around.filter((add) => add.delta !== 0);
  const others =
    under.length === 0
      ? 'Nothing else was under way, so no other answer was right'
      : `${counted(under.length, 'other add')} might have been counted or not, so ${grouped(low)} to ${grouped(high)} would have been right`;
  return (
    `Before it asked, ${counted(before.length, 'add')} had been acknowledged, ${grouped(acknowledged)} in all. ` +
    `${others}: ${grouped(low - value)} ${low - value === 1 ? 'is' : 'are'} missing.`
  );
}

/** Until when the value was right. A counter that falls may have had it several times, so nothing follows. */
function outdated({ operation, value = 0, before, around }: Evidence): string[] {
  const falls = before.some(({ add }) => add.delta < 0) || around.some((add) => add.delta < 0);
  const passed = before.find(({ total }) => total > value);
  if (falls || passed === undefined) return [];
  const { add } = passed;
  const age = operation.invoked.timeMs - add.completed.timeMs;
  return [
    `The answer was ${age < 0.05 ? 'only just' : duration(age)} out of date: it was right until ${seconds(add.completed.timeMs)}, ` +
      `when ${add.node} acknowledged an add of ${add.delta}.`,
  ];
}

function suspicion({ offence, suspects }: Evidence): string[] {
  const adds = [...suspects];
  const nodes = [...new Set(adds.map((add) => add.node))];
  if (adds.length === 0) return [];
  if (offence === 'exceeds') {
    const where = listed(adds.map((add) => `${add.node} at ${seconds(add.invoked.timeMs)}`));
    return [`An add of ${adds[0]?.delta} counted twice would explain it: ${where}.`];
  }
  const sum = adds.reduce((total, add) => total + add.delta, 0);
  return [
    adds.length === 1
      ? `The last add of ${nodes[0]} (${signed(sum)}) is just what is missing.`
      : `The last ${adds.length} adds of ${nodes[0]} (${adds
          .map((add) => signed(add.delta))
          .toReversed()
          .join(', ')}) come to just what is missing.`,
  ];
}
