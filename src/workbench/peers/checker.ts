/**
 * The checker of a simulated cluster of peers:
 *   0. every server starts on what its disk has, and no store fails;
 *   1. reads of one counter on one disk never go back, and include everything acknowledged there before, lower bounds too;
 *   2. no read exceeds what had been requested by then;
 *   3. a node does not list another that it has removed, until that is registered again;
 *   4. in the end every node lists all others, and all have the same values;
 *   5. these are exactly what was acknowledged, plus any of what was never answered. Of what a lost disk had counted,
 *      at least what some remaining disk had of it is there.
 */
import { type Ranges, formatRanges, includes, subsetSums } from '../sim/ranges.ts';
import type {
  FinalState,
  IncrementOperation,
  LostDisk,
  PeersHistory,
  PeersOperation,
  SyncOperation,
} from './history.ts';

/** Returns what is wrong, one sentence each. */
export function judgePeers(history: PeersHistory): string[] {
  return [
    ...history.failures,
    ...judgeReads(history.operations),
    ...history.ghosts,
    ...judgeMembership(history),
    ...judgeValues(history),
  ];
}

/**
 * A process that is resumed does all that has waited at one moment. What is acknowledged then may come after a read then,
 * so such a read need not include it.
 */
const answerOrder = ({ f }: PeersOperation): number => (f === 'read' ? 1 : 2);

/** Walks through the history once, in the order of its events. */
function judgeReads(operations: readonly PeersOperation[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  const asked = new Map<string, number>();
  const lowerBounds = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, amount: number): void =>
    void sums.set(name, (sums.get(name) ?? 0) + amount);
  const events = operations.flatMap((operation) => [
    { atMs: operation.invokedMs, order: 0, happen: () => invoked(operation) },
    ...(operation.answeredMs === undefined
      ? []
      : [{ atMs: operation.answeredMs, order: answerOrder(operation), happen: () => answered(operation) }]),
  ]);
  const invoked = (operation: PeersOperation): void => {
    const { key } = operation;
    if (operation.f === 'increment') add(asked, key, operation.amount);
    if (operation.f === 'sync')
      lowerBounds.set(key, Math.max(lowerBounds.get(key) ?? 0, operation.lowerBound));
  };
  const answered = (operation: PeersOperation): void => {
    const { key, disk } = operation;
    const at = `${disk} ${key}`;
    if (operation.f === 'increment') add(acknowledged, at, operation.amount);
    if (operation.f === 'sync') seen.set(at, Math.max(seen.get(at) ?? 0, operation.lowerBound));
    if (operation.f !== 'read') return;
    const { value } = operation;
    const read = `the read of ${value} from ${key} on ${disk} at ${(operation.invokedMs / 1000).toFixed(3)} s`;
    const before = seen.get(at) ?? 0;
    if (value < before) problems.push(`${read} goes back from ${before}`);
    seen.set(at, Math.max(before, value));
    const least = acknowledged.get(at) ?? 0;
    if (value < least) problems.push(`${read} misses some of ${least} that was acknowledged there`);
    const most = (lowerBounds.get(key) ?? 0) + (asked.get(key) ?? 0);
    if (value > most) problems.push(`${read} exceeds all that had been requested, ${most}`);
  };
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)) event.happen();
  return problems;
}

function judgeMembership({ nodeIds, final }: PeersHistory): string[] {
  return final.flatMap(({ node, peers }) =>
    nodeIds
      .filter((other) => other !== node && !peers.includes(other))
      .map((missing) => `${missing} is missing from the peers of ${node} for ever`)
      .concat(new Set(peers).size < peers.length ? [`${node} lists a peer twice`] : []),
  );
}

function judgeValues({ operations, lostDisks, final }: PeersHistory): string[] {
  const keys = new Set(operations.map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const values = final.map((state) => valueOf(state, key));
    const [value = 0] = values;
    if (values.some((other) => other !== value)) {
      const told = final.map((state) => `${state.node} ${valueOf(state, key)}`);
      return [`the nodes do not agree on ${key}: ${told.join(', ')}`];
    }
    const ofKey = operations.filter((operation) => operation.key === key);
    const increments = ofKey.filter((operation) => operation.f === 'increment');
    const acceptable = acceptableSums(key, increments, lostDisks);
    const syncs = ofKey.filter((operation) => operation.f === 'sync');
    return syncs.length === 0
      ? judgeSum(key, value, acceptable)
      : judgeLowerBounds(key, value, acceptable, syncs, increments, lostDisks);
  });
}

const valueOf = ({ values }: FinalState, key: string): number => values.get(key) ?? 0;

function judgeSum(key: string, value: number, acceptable: Ranges): string[] {
  if (includes(acceptable, value)) return [];
  return [`${key} is ${value} in the end; acceptable is ${formatRanges(acceptable)}`];
}

/** A lower bound is not a sum, but it is at least what was requested, and grows by no more than increments do. */
function judgeLowerBounds(
  key: string,
  value: number,
  acceptable: Ranges,
  syncs: readonly SyncOperation[],
  increments: readonly IncrementOperation[],
  lostDisks: readonly LostDisk[],
): string[] {
  // Nothing is required of a lower bound that only a lost disk had.
  const lost = new Set(lostDisks.map(({ disk }) => disk));
  const kept = syncs.filter(({ disk, answeredMs }) => answeredMs !== undefined && !lost.has(disk));
  const least = Math.max(acceptable[0]?.[0] ?? 0, ...kept.map(({ lowerBound }) => lowerBound));
  const lowerBounds = syncs.map(({ lowerBound }) => lowerBound);
  const most = Math.max(0, ...lowerBounds) + increments.reduce((sum, { amount }) => sum + amount, 0);
  if (value < least) return [`${key} is ${value} in the end, and at least ${least} was acknowledged`];
  if (value > most) return [`${key} is ${value} in the end, and no more than ${most} was requested`];
  return [];
}

/** The sums that are right: exactly what was acknowledged, plus any of what was not, disk by disk. */
function acceptableSums(
  key: string,
  increments: readonly IncrementOperation[],
  lostDisks: readonly LostDisk[],
): Ranges {
  const lost = new Map(lostDisks.map(({ disk, saved }) => [disk, saved.get(key) ?? 0]));
  const ofSurvivors = increments.filter(({ disk }) => !lost.has(disk));
  const isAnswered = ({ answeredMs }: IncrementOperation): boolean => answeredMs !== undefined;
  let sums = subsetSums(
    sumOf(ofSurvivors.filter(isAnswered)),
    ofSurvivors.filter((operation) => !isAnswered(operation)).map(({ amount }) => amount),
  );
  for (const [disk, saved] of lost) {
    const most = sumOf(increments.filter((increment) => increment.disk === disk));
    sums = sums.map(([low, high]) => [low + Math.min(saved, most), high + most] as const);
  }
  return sums;
}

const sumOf = (increments: readonly IncrementOperation[]): number =>
  increments.reduce((sum, { amount }) => sum + amount, 0);
