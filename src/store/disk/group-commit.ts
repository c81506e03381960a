/**
 * Group commit: operations collect in the open batch while the one before, the committing batch, is being written and
 * synced. When that is on the disk it is published and acknowledged, and the open batch takes its place. However slow
 * the disk is, it does one sync per batch and not per increment. At most one batch is being committed at any time. A batch
 * that is full is closed; it waits for its turn, and another is opened behind it.
 */
import type { CounterState } from '../../crdt/counter-state.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ApiError } from '../api-error.ts';
import type { IdempotencyRecord } from '../idempotency.ts';
import { Batch } from './batch.ts';

export interface GroupCommitOptions {
  readonly clock: Clock;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  /** Writes a batch to the disk and syncs it. After a rejection it is unknown whether the batch is there. */
  readonly write: (batch: Batch) => Promise<unknown>;
  /** Makes a batch visible that is on the disk. */
  readonly publish: (batch: Batch) => void;
  /** Called after a batch has been acknowledged, with how long it took to write and sync. */
  readonly onCommit: (batch: Batch, durationMs: number) => void;
  /** Called when a write has failed. It must call `fail`. */
  readonly onFailure: (error: unknown) => void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  /** The batches that wait, oldest first. The last is open unless it is full. */
  #waiting: Batch[] = [];
  #committing: Batch | undefined;
  #failure: ApiError | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Why nothing is committed any more; undefined while batches are. */
  get failure(): ApiError | undefined {
    return this.#failure;
  }

  /** How many changed counters are on their way to the disk; one that is in several batches counts several times. */
  get pendingCounters(): number {
    return this.#sum(({ states }) => states.size);
  }

  /** How many idempotency records are on their way to the disk. */
  get pendingIdempotencyRecords(): number {
    return this.#sum(({ idempotencyRecords }) => idempotencyRecords.size);
  }

  /** The bytes that they count as. */
  get pendingIdempotencyBytes(): number {
    return this.#sum(({ idempotencyBytes }) => idempotencyBytes);
  }

  /** The keys of the counters that change in what is on its way to the disk. */
  pendingKeys(): string[] {
    return [this.#committing, ...this.#waiting].flatMap((batch) => [...(batch?.states.keys() ?? [])]);
  }

  /** The latest state of a counter that is on its way to the disk. */
  pendingState(key: string): CounterState | undefined {
    return this.batchOf(key)?.states.get(key);
  }

  /** The batch with the latest change of a counter, while it is on its way to the disk. */
  batchOf(key: string): Batch | undefined {
    return this.#latest(({ states }) => states.has(key));
  }

  /** The idempotency record under an id that is on its way to the disk, and the batch that it is in. */
  pendingIdempotencyRecord(id: string): { record: IdempotencyRecord; batch: Batch } | undefined {
    const batch = this.#latest(({ idempotencyRecords }) => idempotencyRecords.has(id));
    const record = batch?.idempotencyRecords.get(id);
    return batch === undefined || record === undefined ? undefined : { record, batch };
  }

  /** The open batch, for an operation to be added in the same turn. Throws the failure if there is one. */
  openBatch(): Batch {
    if (this.#failure !== undefined) throw this.#failure;
    const newest = this.#waiting.at(-1);
    if (newest !== undefined && !newest.isFull) return newest;
    const batch = new Batch();
    this.#waiting.push(batch);
    if (newest === undefined && this.#committing === undefined) {
      this.#options.afterThisTurn(() => void this.#commit());
    }
    return batch;
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    for (;;) {
      const batch = this.#committing ?? this.#waiting[0];
      if (batch === undefined) return;
      await batch.committed.catch(() => {});
    }
  }

  /** Commits nothing any more: rejects the batches that wait and all later operations. */
  fail(reason: ApiError): void {
    this.#failure = reason;
    for (const batch of this.#waiting.splice(0)) batch.reject(reason);
  }

  /** The newest batch, of those on their way to the disk, for which `holds` is true. */
  #latest(holds: (batch: Batch) => boolean): Batch | undefined {
    const waiting = this.#waiting.findLast(holds);
    if (waiting !== undefined) return waiting;
    return this.#committing !== undefined && holds(this.#committing) ? this.#committing : undefined;
  }

  #sum(count: (batch: Batch) => number): number {
    let sum = this.#committing === undefined ? 0 : count(this.#committing);
    for (const batch of this.#waiting) sum += count(batch);
    return sum;
  }

  /** Commits batch after batch, until none was opened while the last was being committed. */
  async #commit(): Promise<void> {
    const { clock, write, publish, onCommit, onFailure } = this.#options;
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      this.#committing = batch;
      const startMs = clock.nowMs();
      try {
        await write(batch);
      } catch (error) {
        this.#committing = undefined;
        batch.reject(
          new ApiError(
            'unknown_outcome',
            'the disk failed while this was being stored: whether it counts shows after a restart',
          ),
        );
        onFailure(error);
        return;
      }
      publish(batch);
      this.#committing = undefined;
      batch.resolve();
      onCommit(batch, clock.nowMs() - startMs);
    }
  }
}
