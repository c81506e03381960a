/**
 * What one commit of increments does: the transaction for a group of requests, worked out from what is known of their
 * counters. Pure functions. Increments only add to totals of this server's slot, so others may raise the same counters at the
 * same time without a conflict, but for two things: who creates a counter counts it in `created/SLOT`, so of two servers that
 * create it at once, one is refused; and no value may pass 2^53 − 1.
 */
import { ApiError } from '../api-error.ts';
import type { Entries } from './entries.ts';
import { type Compare, MAX_OPERATIONS, type Operation, type Txn } from './etcd.ts';
import { recordOf } from './idempotency-record.ts';
import type { Keyspace } from './keys.ts';
import type { Quiet } from './quiet.ts';
import type { IncrementTask } from './task.ts';

/** How many counters, at most, the increments of one request can have: what one transaction holds. */
export const MAX_COUNTERS_AT_ONCE = 60;

/**
 * A value from which on increments are guarded; and an amount. Every server knows a value as of its latest commit, and adds
 * no more than the amount to it at a time while that is below the value. So with thousands of servers, and however stale
 * each one's knowledge is, the value stays far below 2^53. Guarded increments compare the whole counter, and leave a mark
 * on it at which everybody else's plain increments fail.
 */
const LARGE_VALUE = 2 ** 50;
const LARGE_AMOUNT = 2 ** 40;

export const isLarge = (value: number, amount: number): boolean =>
  value > LARGE_VALUE || amount > LARGE_AMOUNT;

/** What is known of a counter: the total of this server's slot is exact, the sum of the others may have grown. */
export interface Known {
  readonly own: number;
  readonly others: number;
  readonly isNew: boolean;
  readonly isLarge: boolean;
  /** When the others' sum was read. */
  readonly revision: number;
}

/** What is known of a counter by its entries as they were at a revision. */
export function knownFrom(
  { nodes, value, isLarge: isMarked }: Entries,
  slot: string,
  revision: number,
): Known {
  const own = nodes.get(slot) ?? 0;
  return { own, others: value - own, isNew: nodes.size === 0, isLarge: isMarked, revision };
}

/** Whether the transaction for so many counters and idempotency keys is within etcd's limits. */
const fitsInTransaction = (counters: number, ids: number): boolean =>
  4 + 2 * counters + ids <= MAX_OPERATIONS;

/**
 * The tasks of a queue that are done in the next transaction. The first one always is. One that does not fit waits, and those
 * behind it are taken all the same if they fit: on counters that are in the transaction anyway, they cost nothing more.
 */
export function groupOf(tasks: Iterable<IncrementTask>): IncrementTask[] {
  const group: IncrementTask[] = [];
  const counters = new Set<string>();
  const ids = new Set<string>();
  for (const task of tasks) {
    const id = task.idempotency?.id;
    // Of two requests with the same idempotency key, the second finds the record of the first.
    if (task.isGuarded || (id !== undefined && ids.has(id))) continue;
    let added = 0;
    for (const counter of task.counters) if (!counters.has(counter)) added++;
    if (!fitsInTransaction(counters.size + added, ids.size + (id === undefined ? 0 : 1))) continue;
    for (const counter of task.counters) counters.add(counter);
    if (id !== undefined) ids.add(id);
    group.push(task);
  }
  return group;
}

export interface PlannedTask {
  readonly task: IncrementTask;
  /** The values after its increments, if nobody else has raised the counters. */
  readonly values: readonly number[];
}

export interface Plan {
  readonly tasks: readonly PlannedTask[];
  /** Those that would create more counters than there can be. */
  readonly refused: readonly IncrementTask[];
  /** The total of each counter after the commit. */
  readonly owns: ReadonlyMap<string, number>;
  readonly created: number;
}

/**
 * Works out what the tasks of a group do, one after the other. Marks those that must be guarded, which are left out of the
 * plan. `room` is how many counters can be created.
 */
export function plan(tasks: readonly IncrementTask[], known: (counter: string) => Known, room: number): Plan {
  const owns = new Map<string, number>();
  const planned: PlannedTask[] = [];
  const refused: IncrementTask[] = [];
  let created = 0;
  for (const task of tasks) {
    const after = new Map<string, number>();
    const values: number[] = [];
    let added = 0;
    for (const { key, amount } of task.increments) {
      const { own, others, isNew, isLarge: isMarked } = known(key);
      const before = after.get(key) ?? owns.get(key);
      if (before === undefined && isNew) added++;
      const total = (before ?? own) + amount;
      if (isMarked || isLarge(total + others, amount)) task.isGuarded = true;
      after.set(key, total);
      values.push(total + others);
    }
    if (task.isGuarded) continue;
    if (added > 0 && created + added > room) {
      refused.push(task);
      continue;
    }
    created += added;
    for (const [key, total] of after) owns.set(key, total);
    planned.push({ task, values });
  }
  return { tasks: planned, refused, owns, created };
}

export const tooManyAtOnce = (counters: number): ApiError =>
  new ApiError(
    'too_many_at_once',
    `this store can increment ${MAX_COUNTERS_AT_ONCE} counters at once, not ${counters}`,
  );

export const tooManyCounters = (): ApiError =>
  new ApiError('too_many_counters', 'there are as many counters as there can be (--max-counters)');

export interface CommitContext {
  readonly keys: Keyspace;
  readonly slot: string;
  /** The lease for idempotency records; empty if there are none to put. */
  readonly recordLease: string;
  /** How many counters this slot has created. */
  readonly created: number;
}

/** What to compare, to do, and to ask for if that is refused, besides what is about the claim. */
export interface GroupTxn extends Txn {
  /** Whether it is done only if nobody else has committed. Otherwise it reads the counters. */
  readonly assumesQuiet: boolean;
  /** Where what it reads begins and ends among the operations of success: whether it is quiet, and then the counters. */
  readonly reads: readonly [from: number, to: number];
}

/** The transaction of a plan. Refused, it returns the idempotency records. */
export function txnOf(
  { keys, slot, recordLease, created: createdBefore }: CommitContext,
  { tasks, owns, created }: Plan,
  known: (counter: string) => Known,
  quiet: Quiet,
): GroupTxn {
  const counters = [...owns.keys()];
  const puts: Operation[] = counters.map((counter) => ({
    put: keys.entry(counter, slot),
    value: String(owns.get(counter)),
  }));
  const assumesQuiet = counters.every((counter) => quiet.covers(known(counter).revision));
  const compare = assumesQuiet
    ? quiet.compare(keys)
    : counters.map((counter): Compare => {
        if (!known(counter).isNew) return { key: keys.largeMark(counter), isAbsent: true };
        const { range: key, rangeEnd } = keys.entriesOf(counter);
        return { key, rangeEnd, notPutAfter: 0 };
      });
  const records: Operation[] = [];
  for (const { task, values } of tasks) {
    const others = task.counters.map((counter) => known(counter).others);
    const record = recordOf(keys, task, { slot, others, values }, recordLease);
    if (record === undefined) continue;
    compare.push(record.compare);
    puts.push(record.put);
    records.push({ range: record.compare.key });
  }
  if (created > 0) puts.push({ put: keys.created(slot), value: String(createdBefore + created) });
  const isQuiet: Operation = { txn: { compare: quiet.compare(keys), success: [], failure: [] } };
  const reads = assumesQuiet ? [] : [isQuiet, ...counters.map(keys.entriesOf)];
  return {
    compare,
    success: [...puts, ...reads, ...(created > 0 ? [keys.all('created')] : [])],
    failure: records,
    assumesQuiet,
    reads: [puts.length, puts.length + reads.length],
  };
}
