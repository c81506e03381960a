/**
 * Increments on their way to a server. Calls for the same counter are summed into one entry; a batch is a few entries that
 * one request carries, under one idempotency key, so that they count together and once.
 */
import type { CounterError } from './counter-error.ts';

/** One call of `increment`. */
export interface Call {
  readonly amount: number;
  /** Where it is summed. */
  entry?: Entry;
  readonly resolve: (value: number) => void;
  readonly reject: (error: unknown) => void;
  /** Called when it is settled. */
  forget?: () => void;
}

/** What is added to a counter. */
export interface Entry {
  readonly key: string;
  /** The sum over the calls. */
  amount: number;
  readonly calls: Call[];
  /** Whether a request with it may have left: then it can no longer be taken back. */
  isSent: boolean;
}

/**
 * How many counters a batch has at most: as many as a server on etcd takes. With keys of 256 bytes that need an escape for
 * each, they make half of the 64 KiB that a body may have.
 */
export const MAX_ENTRIES = 60;

export class Batch {
  readonly entries: readonly Entry[];
  /** The idempotency key. */
  readonly id: string;
  /** When the last attempt must begin, so that it finds the first one still remembered. */
  untilMs = Infinity;
  /** Whether an attempt may have counted: there was no answer to it, or one that does not tell. */
  isOpen = false;
  failures = 0;
  /** The body of the request. */
  readonly body: string;

  /** What is in a batch stays in it. */
  constructor(entries: readonly Entry[], id: string) {
    for (const entry of entries) entry.isSent = true;
    this.entries = entries;
    this.id = id;
    this.body = JSON.stringify({ increments: entries.map(({ key, amount }) => ({ key, amount })) });
  }

  get calls(): number {
    return this.entries.reduce((sum, { calls }) => sum + calls.length, 0);
  }

  /** Resolves all calls with the values of their counters after this batch. */
  resolve(values: readonly number[]): void {
    for (const [index, { calls }] of this.entries.entries()) {
      for (const call of calls) {
        call.resolve(values[index] ?? 0);
        call.forget?.();
      }
    }
  }

  reject(error: CounterError): void {
    for (const call of this.entries.flatMap(({ calls }) => calls)) {
      call.reject(error);
      call.forget?.();
    }
  }

  /**
   * The same increments as two groups, for a batch that was refused and so has not been counted: only some of them may be to
   * blame. Empty for a single call.
   */
  halves(): readonly Entry[][] {
    const { entries } = this;
    const [first] = entries;
    if (first === undefined || this.calls < 2) return [];
    if (entries.length > 1) {
      return halved(entries).map((half) => half.map(({ key, calls }) => entryOf(key, calls)));
    }
    return halved(first.calls).map((calls) => [entryOf(first.key, calls)]);
  }
}

/** An entry that has not been sent. */
export function entryOf(key: string, calls: readonly Call[] = []): Entry {
  const entry: Entry = { key, amount: 0, calls: [], isSent: false };
  for (const call of calls) addTo(entry, call);
  return entry;
}

export function addTo(entry: Entry, call: Call): void {
  entry.amount += call.amount;
  entry.calls.push(call);
  call.entry = entry;
}

/** Takes a call out of an entry that has not been sent. */
export function takeFrom(entry: Entry, call: Call): void {
  entry.amount -= call.amount;
  entry.calls.splice(entry.calls.indexOf(call), 1);
}

const halved = <T>(all: readonly T[]): readonly (readonly T[])[] => {
  const middle = all.length >> 1;
  return [all.slice(0, middle), all.slice(middle)];
};
