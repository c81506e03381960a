/**
 * The port between the HTTP handlers and whatever keeps named counters. An engine is a folder beside this file that
 * implements `Store` and passes the conformance suite (test/store/conformance.ts).
 *
 * What every engine guarantees: nothing is acknowledged or shown that could still be lost; an increment is counted once
 * however often it is retried under the same idempotency key; a read that begins after a write was acknowledged includes
 * it; values never fall. Every method can reject with an ApiError.
 */
import type { GCounter } from '../crdt/g-counter.ts';
import type { IdempotencyLimits } from './idempotency.ts';

export interface Store {
  /** The node id of this server; on etcd, of the slot that it holds or has held last. */
  readonly nodeId: string;
  /** What a client that retries can rely on. */
  readonly memory: IdempotencyMemory;
  /**
   * Adds to counters, to all or to none. A retry (same idempotency key, same fingerprint) resolves with the same and adds
   * nothing, whichever server in the scope of `memory` it goes to. Rejects with
   * `overflow`, `too_many_counters`, `too_many_idempotency_keys`, `idempotency_key_reused`, `read_only` or
   * `unknown_outcome`.
   */
  increment(increments: readonly Increment[], idempotency?: Idempotency): Promise<Counted>;
  /**
   * Merges totals by replica id into a counter, with a lower bound under LOWER_BOUND: of each two the larger stays.
   * Resolves with the counter after that. Rejects with `invalid_nodes`, `overflow`, `too_many_counters`,
   * `too_many_nodes`, `read_only` or `unknown_outcome`.
   */
  merge(key: string, parts: GCounter): Promise<NamedCounter>;
  /** Raises the value of a counter to a lower bound, if it is smaller. Resolves with the value. Rejects as `merge` does. */
  raiseTo(key: string, lowerBound: number): Promise<number>;
  /** Resolves with a counter. One that nobody has incremented is 0 and has no totals. */
  read(key: string): Promise<NamedCounter>;
  /**
   * Resolves with the first `limit` counters whose keys begin with `prefix`, in the order of the keys' UTF-16 code
   * units, from the key after `after` on.
   */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly NamedCounter[]>;
  /**
   * Resolves with the `limit` counters with the largest values among those whose keys begin with `prefix`, the largest
   * first and equal ones in the order of their keys. All are as they were at one moment after the call, however long it
   * takes to go through them, and whatever changes meanwhile. Calls that wait with the same arguments share their cost.
   * Rejects with `too_many_requests` if too many others wait; on etcd also with `unavailable`.
   */
  largest(prefix: string, limit: number): Promise<readonly NamedCounter[]>;
  /**
   * Resolves with the first `limit` counters that have changed since a position, or with the latest position alone if
   * the given one is undefined or too old. Watchers call this again and again; those with the same position and prefix
   * share one call.
   */
  changesAfter(position: number | undefined, prefix: string, limit: number): Promise<Changes>;
  /**
   * A copy of everything as it is now, in pieces, for `restoreBackup`. The store goes on meanwhile. Undefined for engines
   * that are copied by other means.
   */
  readonly backup?: () => AsyncGenerator<Buffer, void, void>;
  /** Resolves with the slots that the servers on the same counters hold. Undefined for engines that have none. */
  readonly slots?: () => Promise<readonly Slot[]>;
  /** Resolves with how the store is doing. */
  health(): Promise<Health>;
}

/** A counter with all that merges. */
export interface NamedCounter {
  readonly key: string;
  readonly value: number;
  /** The totals by replica id, in the order of the ids. May be made anew at each access. */
  readonly nodes: GCounter;
  /** 0 if no client has set one. */
  readonly lowerBound: number;
}

export interface Increment {
  readonly key: string;
  /** A positive safe integer. */
  readonly amount: number;
}

/** What increments are answered with. */
export interface Counted {
  /** The node id that they were counted under. */
  readonly nodeId: string;
  /** The value of each counter after its increment, in the order of the increments. */
  readonly values: readonly number[];
}

/** What distinguishes a retry from a new request. */
export interface Idempotency {
  /** The idempotency key. */
  readonly id: string;
  /** Of the request's content: retries have the same. */
  readonly fingerprint: string;
}

/** Who remembers idempotency keys, and for how long. */
export interface IdempotencyMemory {
  /** This server only, or every server on the same counters. */
  readonly scope: 'server' | 'store';
  /** From the first request under a key, at least. */
  readonly windowMs: number;
}

/** Positions number the changes of all counters; they have a meaning only during one run of the process. */
export interface Changes {
  /**
   * Each counter with the prefix that has changed, once and as it is now, in the order of the latest changes. Undefined
   * if that is no longer known: the reader has to list the counters.
   */
  readonly counters: readonly ChangedCounter[] | undefined;
  /** A reader that has read `counters` knows everything up to this position. */
  readonly position: number;
}

export interface ChangedCounter extends NamedCounter {
  /** The position of its latest change. */
  readonly changedAt: number;
}

/** The limits that every engine enforces. */
export interface StoreLimits extends IdempotencyLimits {
  readonly maxCounters: number;
  /** How many totals one counter may have. */
  readonly maxNodes: number;
}

/** A name that one server after another counts under. */
export interface Slot {
  readonly slot: string;
  /** Where the server is that holds it; undefined if none does. */
  readonly heldBy: string | undefined;
  /** Whether it was retired, so that nobody will hold it again. */
  readonly isRetired: boolean;
}

export interface Health {
  /** Whether the store accepts increments. */
  readonly isWritable: boolean;
  /** What is wrong, if the store knows: a word for programs and a sentence for people. */
  readonly fault?: Fault | undefined;
  /** How many counters there are. */
  readonly counters: number;
  /** How many idempotency records are kept. */
  readonly idempotencyRecords: number;
  /** The length of the write-ahead log in bytes; 0 for engines without one. */
  readonly logBytes: number;
  /** How many snapshots have been written since the start; 0 for engines without them. */
  readonly snapshots: number;
}

export interface Fault {
  /**
   * What the store is on does not answer; it has no space left, so that only reads go on; or it is well, but this server
   * holds no slot.
   */
  readonly code: 'etcd-unavailable' | 'etcd-full' | 'no-slot';
  readonly message: string;
}
