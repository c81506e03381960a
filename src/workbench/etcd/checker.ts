/**
 * The checker of servers on etcd. Of each counter there is one order of all operations, whichever server they went to:
 *   1. what an operation is told includes everything that anybody had been told before it was invoked;
 *   2. no two increments are told that they raised the counter over the same ground, and no read is from within one;
 *   3. no value is more than what had been asked for by then;
 *   4. in the end all servers show the same: exactly what was acknowledged, plus any of what nobody knows.
 * That an idempotent request is always answered with the same is checked as the answers come.
 */
import { formatRanges, includes, subsetSums } from '../sim/ranges.ts';
import type { FinalValues } from '../sim/server-run.ts';
import type { EtcdHistory, EtcdOperation, IncrementOperation, OtherOperation } from './history.ts';

/** Returns what is wrong, one sentence each. */
export function judgeEtcd({ operations, final, problems, isExact }: EtcdHistory): string[] {
  const byKey = new Map<string, EtcdOperation[]>();
  for (const operation of operations) {
    const ofKey = byKey.get(operation.key);
    if (ofKey === undefined) byKey.set(operation.key, [operation]);
    else ofKey.push(operation);
  }
  return [
    ...problems,
    ...[...byKey].flatMap(([key, ofKey]) => [
      ...judgeOrder(ofKey, isExact),
      ...(isExact ? judgeGround(ofKey) : []),
      ...judgeFinal(key, ofKey, final),
    ]),
  ];
}

/** An operation that was answered. */
interface Told {
  readonly operation: EtcdOperation;
  readonly answeredMs: number;
  /** What the counter was before it, as far as it tells, and after it. */
  readonly before: number;
  readonly after: number;
}

function* told(operations: readonly EtcdOperation[]): Generator<Told> {
  for (const operation of operations) {
    const { answeredMs, value } = operation;
    if (answeredMs === undefined || value === undefined) continue;
    const before = operation.f === 'increment' ? value - operation.amount : value;
    yield { operation, answeredMs, before, after: value };
  }
}

/** Walks through the history once, in the order of its events. Of those at the same moment, answers come last. */
function judgeOrder(operations: readonly EtcdOperation[], isExact: boolean): string[] {
  const problems: string[] = [];
  let shown = 0;
  let asked = 0;
  const events: { readonly atMs: number; readonly order: number; readonly happen: () => void }[] = [];
  const mostTotals = new Map<string, number>();
  for (const operation of operations) {
    events.push({
      atMs: operation.invokedMs,
      order: 0,
      happen: () => {
        if (operation.f === 'increment') asked += operation.isRefused ? 0 : operation.amount;
        else if (operation.f !== 'read') {
          const { name, total } = operation;
          mostTotals.set(name, Math.max(mostTotals.get(name) ?? 0, total));
        }
      },
    });
  }
  for (const { operation, answeredMs, before, after } of told(operations)) {
    if (operation.f === 'increment' && !isExact) continue;
    let least = 0;
    events.push({ atMs: operation.invokedMs, order: 0, happen: () => (least = shown) });
    events.push({
      atMs: answeredMs,
      order: 1,
      happen: () => {
        if (operation.f === 'increment' || operation.f === 'read') {
          if (before < least) problems.push(`${described(operation)}, after ${least} had been shown`);
        } else if (after < Math.max(least, operation.total)) {
          problems.push(`${described(operation)}, after ${least} had been shown`);
        }
        const most = asked + [...mostTotals.values()].reduce((sum, total) => sum + total, 0);
        if (after > most) problems.push(`${described(operation)}, of ${most} that had been asked for`);
        shown = Math.max(shown, after);
      },
    });
  }
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)) event.happen();
  return problems;
}

function judgeGround(operations: readonly EtcdOperation[]): string[] {
  const problems: string[] = [];
  const all = [...told(operations)].toSorted((a, b) => a.before - b.before || a.after - b.after);
  let last: Told | undefined;
  for (const each of all) {
    if (last !== undefined && each.before < last.after) {
      problems.push(`${described(each.operation)}, within what ${described(last.operation)}`);
    }
    if (each.operation.f === 'increment') last = each;
  }
  return problems;
}

function described(operation: EtcdOperation): string {
  const { f, key, value, invokedMs } = operation;
  const what = f === 'increment' ? `increment by ${operation.amount}` : f;
  return `the ${what} of ${key} at ${(invokedMs / 1000).toFixed(3)} s was told ${value}`;
}

function judgeFinal(
  key: string,
  operations: readonly EtcdOperation[],
  final: readonly FinalValues[],
): string[] {
  const silent = final.filter(({ values }) => values === undefined);
  if (silent.length > 0) return silent.map(({ node }) => `${node} does not answer in the end`);
  const values = final.map((each) => each.values?.get(key) ?? 0);
  const [value = 0] = values;
  if (values.some((other) => other !== value))
    return [`the servers do not agree on ${key}: ${values.join(', ')}`];
  const increments = operations.filter((operation) => operation.f === 'increment');
  const others = operations.filter(
    (operation): operation is OtherOperation => operation.f === 'merge' || operation.f === 'raise',
  );
  return others.length === 0 ? judgeSum(key, value, increments) : judgeBounds(key, value, increments, others);
}

function judgeSum(key: string, value: number, increments: readonly IncrementOperation[]): string[] {
  const acknowledged = increments.filter(({ answeredMs }) => answeredMs !== undefined);
  const unknown = increments.filter(({ answeredMs, isRefused }) => answeredMs === undefined && !isRefused);
  const sums = subsetSums(
    sumOf(acknowledged),
    unknown.map(({ amount }) => amount),
  );
  return includes(sums, value) ? [] : [`${key} is ${value} in the end; acceptable is ${formatRanges(sums)}`];
}

/** What was merged or raised may contain what was counted, so only bounds are known. */
function judgeBounds(
  key: string,
  value: number,
  increments: readonly IncrementOperation[],
  others: readonly OtherOperation[],
): string[] {
  const acknowledged = sumOf(increments.filter(({ answeredMs }) => answeredMs !== undefined));
  const least = Math.max(
    acknowledged,
    ...others.map(({ answeredMs, total }) => (answeredMs === undefined ? 0 : total)),
  );
  return value < least ? [`${key} is ${value} in the end, and at least ${least} was acknowledged`] : [];
}

const sumOf = (increments: readonly IncrementOperation[]): number =>
  increments.reduce((sum, { amount }) => sum + amount, 0);
