/**
 * Guarded writes: those that depend on all of a counter and not only on this server's total. They read it, work out what
 * to put, and put it in a transaction that is refused if any entry was put since; then they begin again. So their results
 * are exact, at the price of conflicts between servers that raise the same counter.
 *
 * Names in a merge may be slots. Totals under other names are taken over, and the name is retired, so that nobody
 * comes to count under it here while somebody does elsewhere. Who shows more for a slot than its holder has counted here has
 * it from elsewhere too: the slot is retired, which its holder, if there is one, notices at its next commit.
 */
import { plus } from '../../crdt/g-counter.ts';
import { overflow, tooManyNodes } from '../store-errors.ts';
import type { NamedCounter, StoreLimits } from '../store.ts';
import type { Entries } from './entries.ts';
import type { Compare, KeyValue, Operation } from './etcd.ts';
import { type CommitContext, isLarge, knownFrom, tooManyCounters } from './groups.ts';
import { recordOf } from './idempotency-record.ts';
import type { IncrementTask } from './task.ts';

export interface GuardedWrite {
  /** The counters that it depends on. */
  readonly counters: readonly string[];
  /** The names that may be slots. */
  readonly names: readonly string[];
  readonly idempotencyKey?: string | undefined;
  /** Works out what to put. Throws an ApiError. */
  plan(view: GuardedView): GuardedPlan;
  /** Called when that has been done, or when there was nothing to do. */
  readonly done?: () => void;
}

/** What a guarded write reads, at one revision. */
export interface GuardedView extends CommitContext {
  readonly entries: ReadonlyMap<string, Entries>;
  readonly slots: ReadonlyMap<string, SlotState>;
  /** How many counters can be created. */
  readonly room: number;
}

export interface SlotState {
  readonly live: KeyValue | undefined;
  readonly seq: KeyValue | undefined;
  readonly isRetired: boolean;
}

/** What to compare and put besides the claim and the counters. Nothing to put means nothing to do. */
export interface GuardedPlan {
  readonly compare: readonly Compare[];
  readonly puts: readonly Operation[];
  /** How many counters that creates. */
  readonly created: number;
}

const NOTHING: GuardedPlan = { compare: [], puts: [], created: 0 };

/** The increments of a task, to all counters or to none. */
export function guardedIncrements(task: IncrementTask): GuardedWrite {
  let slot = '';
  let values: number[] = [];
  return {
    counters: task.counters,
    names: [],
    idempotencyKey: task.idempotency?.id,
    plan(view) {
      const { keys, entries, recordLease } = view;
      ({ slot } = view);
      const known = new Map(
        task.counters.map((counter) => [counter, knownFrom(entriesOf(entries, counter), slot, 0)]),
      );
      const owns = new Map<string, number>();
      const afters = new Map<string, number>();
      values = task.increments.map(({ key, amount }) => {
        const { own: before = 0, others = 0 } = known.get(key) ?? {};
        const own = plus(owns.get(key) ?? before, amount);
        const after = own === undefined ? undefined : plus(others, own);
        if (own === undefined || after === undefined) throw overflow(key);
        owns.set(key, own);
        afters.set(key, after);
        return after;
      });
      const all = [...known.values()];
      const created = all.filter(({ isNew }) => isNew).length;
      const puts: Operation[] = [...owns].map(([counter, own]) => ({
        put: keys.entry(counter, slot),
        value: String(own),
      }));
      puts.push(...marks(view, afters), ...creation(view, created));
      const others = all.map((each) => each.others);
      const record = recordOf(keys, task, { slot, others, values }, recordLease);
      if (record === undefined) return { compare: [], puts, created };
      return { compare: [record.compare], puts: [...puts, record.put], created };
    },
    done: () => task.answer(slot, values),
  };
}

/** Raises a value to a lower bound by incrementing this server's total. `done` gets the value. */
export function guardedRaise(key: string, lowerBound: number, done: (value: number) => void): GuardedWrite {
  let after = 0;
  return {
    counters: [key],
    names: [],
    plan(view) {
      const { keys, slot, entries } = view;
      const { nodes, value } = entriesOf(entries, key);
      after = Math.max(value, lowerBound);
      if (after === value) return NOTHING;
      const own = (nodes.get(slot) ?? 0) + lowerBound - value;
      const puts = [
        { put: keys.entry(key, slot), value: String(own) },
        ...marks(view, new Map([[key, after]])),
      ];
      const created = nodes.size === 0 ? 1 : 0;
      return { compare: [], puts: [...puts, ...creation(view, created)], created };
    },
    done: () => done(after),
  };
}

/** How many totals one guarded merge can have. */
export const MAX_TOTALS_AT_ONCE = 30;

/** Merges some totals into a counter. */
export function guardedMerge(
  key: string,
  totals: ReadonlyMap<string, number>,
  limits: Pick<StoreLimits, 'maxNodes'>,
): GuardedWrite {
  return {
    counters: [key],
    names: [...totals.keys()],
    plan(view) {
      const { keys, slot, entries, slots } = view;
      const present = entriesOf(entries, key);
      const after = checkMerge(key, present, totals, limits);
      const compare: Compare[] = [];
      const puts: Operation[] = [];
      for (const [name, total] of totals) {
        if (total <= (present.nodes.get(name) ?? 0)) continue;
        puts.push({ put: keys.entry(key, name), value: String(total) });
        const state = slots.get(name);
        if (state === undefined || state.isRetired) continue;
        puts.push({ put: keys.retired(name), value: '' });
        // Its own claim is compared, and its own commit counted, as in every commit.
        if (name !== slot) {
          compare.push(unchanged(keys.live(name), state.live), unchanged(keys.seq(name), state.seq));
        }
        if (state.live !== undefined) puts.push({ delete: keys.live(name) });
      }
      if (puts.length === 0) return NOTHING;
      const created = present.nodes.size === 0 ? 1 : 0;
      puts.push(...marks(view, new Map([[key, after]])), ...creation(view, created));
      return { compare, puts, created };
    },
  };
}

/** The value after a merge. Throws an ApiError if it would pass a limit. */
export function checkMerge(
  key: string,
  { nodes, value }: Pick<NamedCounter, 'nodes' | 'value'>,
  totals: ReadonlyMap<string, number>,
  { maxNodes }: Pick<StoreLimits, 'maxNodes'>,
): number {
  let after = value;
  let added = 0;
  for (const [name, total] of totals) {
    const held = nodes.get(name) ?? 0;
    if (total <= held) continue;
    const sum = plus(after, total - held);
    if (sum === undefined) throw overflow(key);
    after = sum;
    if (held === 0) added++;
  }
  if (added > 0 && nodes.size + added > maxNodes) {
    throw tooManyNodes(maxNodes);
  }
  return after;
}

/** That a key is as it was found. */
export const unchanged = (key: string, found: KeyValue | undefined): Compare =>
  found === undefined ? { key, isAbsent: true } : { key, modRevision: found.modRevision };

const NO_ENTRIES: Entries = { nodes: new Map(), value: 0, isLarge: false };

const entriesOf = (entries: ReadonlyMap<string, Entries>, counter: string): Entries =>
  entries.get(counter) ?? NO_ENTRIES;

/** The marks for counters that have become large, with their values. */
const marks = ({ keys, entries }: GuardedView, afters: ReadonlyMap<string, number>): Operation[] =>
  [...afters]
    .filter(([counter, value]) => isLarge(value, 0) && !entriesOf(entries, counter).isLarge)
    .map(([counter]) => ({ put: keys.largeMark(counter), value: '' }));

function creation({ keys, slot, created, room }: GuardedView, added: number): Operation[] {
  if (added === 0) return [];
  if (added > room) throw tooManyCounters();
  return [{ put: keys.created(slot), value: String(created + added) }];
}
