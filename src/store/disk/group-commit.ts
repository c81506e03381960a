/**
 * Group commit: operations collect in the open batch while the one before, the committing batch, is being written and
 * synced. When that is on the disk it is published and acknowledged, and the open batch takes its place. However slow
 * the disk is, it does one sync per batch and not per increment. At most one batch is being committed at any time.
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
  #open: Batch | undefined;
  #committing: Batch | undefined;
  #failure: ApiError | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Why nothing is committed any more; undefined while batches are. */
  get failure(): ApiError | undefined {
    return this.#failure;
  }

  /** How many changed counters are on their way to the disk; one that is in both batches counts twice. */
  get pendingCounters(): number {
    return (this.#committing?.states.size ?? 0) + (this.#open?.states.size ?? 0);
  }

  /** How many idempotency records are on their way to the disk. */
  get pendingIdempotencyRecords(): number {
    return (this.#open?.idempotencyRecords.size ?? 0) + (this.#committing?.idempotencyRecords.size ?? 0);
  }

  /** The bytes that they count as. */
  get pendingIdempotencyBytes(): number {
    return (this.#open?.idempotencyBytes ?? 0) + (this.#committing?.idempotencyBytes ?? 0);
  }

  /** The keys of the counters that change in what is on its way to the disk. */
  pendingKeys(): string[] {
    return [this.#committing, this.#open].flatMap((batch) => [...(batch?.states.keys() ?? [])]);
  }

  /** The latest state of a counter that is on its way to the disk. */
  pendingState(key: string): CounterState | undefined {
    return this.#open?.states.get(key) ?? this.#committing?.states.get(key);
  }

  /** The batch with the latest change of a counter, while it is on its way to the disk. */
  batchOf(key: string): Batch | undefined {
    if (this.#open?.states.has(key)) return this.#open;
    return this.#committing?.states.has(key) ? this.#committing : undefined;
  }

  /** The idempotency record under an id that is on its way to the disk, and the batch that it is in. */
  pendingIdempotencyRecord(id: string): { record: IdempotencyRecord; batch: Batch } | undefined {
    for (const batch of [this.#open, this.#committing]) {
      const record = batch?.idempotencyRecords.get(id);
      if (batch !== undefined && record !== undefined) return { record, batch };
    }
    return undefined;
  }

  /** The open batch, for an operation to be added in the same turn. Throws the failure if there is one. */
  openBatch(): Batch {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#open === undefined) {
      this.#open = new Batch();
      if (this.#committing === undefined) this.#options.afterThisTurn(() => void this.#commit());
    }
    return this.#open;
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    while (this.#open !== undefined || this.#committing !== undefined) {
      await (this.#committing ?? this.#open)?.committed.catch(() => {});
    }
  }

  /** Commits nothing any more: rejects the open batch and all later operations. */
  fail(reason: ApiError): void {
    this.#failure = reason;
    this.#open?.reject(reason);
    this.#open = undefined;
  }

  /** Commits batch after batch, until none was opened while the last was being committed. */
  async #commit(): Promise<void> {
    const { clock, write, publish, onCommit, onFailure } = this.#options;
    while (this.#open !== undefined) {
      const batch = this.#open;
      this.#open = undefined;
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
