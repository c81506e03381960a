/**
 * A batch: operations that are written to the log in one record, take effect together and are acknowledged together.
 */
import type { CounterState } from '../../crdt/counter-state.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { type IdempotencyRecord, bytesOfRecord } from '../idempotency.ts';
import type { LogRecord } from './record.ts';

export class Batch implements LogRecord {
  /** The counters that change, as they will be. */
  readonly states = new Map<string, CounterState>();
  /** The parts of them that change. */
  readonly totals = new Map<string, Map<string, number>>();
  /** By idempotency key. */
  readonly idempotencyRecords = new Map<string, IdempotencyRecord>();
  /** The bytes that they count as. */
  idempotencyBytes = 0;
  /** Set if the server changes to another replica id. */
  identity?: Identity;
  /** How many increments it contains. */
  increments = 0;
  /** Resolves when the batch is on the disk; rejects with an ApiError if it is unknown whether it is, or if it is not. */
  readonly committed: Promise<void>;
  #bytes = 0;
  resolve: () => void = () => {};
  reject: (reason: Error) => void = () => {};

  constructor() {
    this.committed = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // It is no error if nobody waits for the batch.
    this.committed.catch(() => {});
  }

  /** Whether further operations should go into another one. */
  get isFull(): boolean {
    return this.#bytes + this.idempotencyBytes >= FULL_BYTES;
  }

  /** Replaces the state of a counter by one in which these parts have changed. */
  set(key: string, state: CounterState, changes: Iterable<readonly [name: string, total: number]>): void {
    this.states.set(key, state);
    let totals = this.totals.get(key);
    if (totals === undefined) {
      totals = new Map();
      this.totals.set(key, totals);
    }
    this.#bytes += key.length;
    for (const [name, total] of changes) {
      totals.set(name, total);
      this.#bytes += name.length + TOTAL_BYTES;
    }
  }

  /** Adds an idempotency record. */
  remember(id: string, record: IdempotencyRecord): void {
    this.idempotencyRecords.set(id, record);
    this.idempotencyBytes += bytesOfRecord(id, record);
  }
}

/** The record of a batch becomes about this long, and is one text in memory. */
const FULL_BYTES = 4 * 2 ** 20;
/** What a total takes in a record, but for its name. */
const TOTAL_BYTES = 20;
