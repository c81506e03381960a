/**
 * A write that waits for its commit, or is part of the one under way.
 */
import { DecodeError } from '../../runtime/decode.ts';
import { ApiError } from '../api-error.ts';
import type { Counted, Idempotency, Increment } from '../store.ts';
import { EtcdError, isIndefinite } from './etcd.ts';
import type { GuardedWrite } from './guarded.ts';
import { countersOf } from './idempotency-record.ts';

/** What a task does: increments, in a group with others; or a guarded write, alone. */
export type Task = IncrementTask | GuardedTask;

abstract class Settleable<Result> {
  readonly done: Promise<Result>;
  /** Whether it is part of a commit that may have been received. */
  isSent = false;
  isSettled = false;
  /** Whether it is no part of a commit any more, but its answer has to be found out. */
  isSettling = false;
  #resolve: (result: Result) => void = () => {};
  #reject: (error: ApiError) => void = () => {};

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(result: Result): void {
    this.isSettled = true;
    this.#resolve(result);
  }

  reject(error: ApiError): void {
    this.isSettled = true;
    this.#reject(error);
  }

  /** Rejects when the time of the task has come: whether it counts is unknown only if it was sent. */
  expire(): void {
    this.reject(
      this.isSent ? unknownOutcome() : unavailable('etcd did not answer in time: this does not count'),
    );
  }
}

export class IncrementTask extends Settleable<Counted> {
  readonly increments: readonly Increment[];
  readonly counters: readonly string[];
  readonly idempotency: Idempotency | undefined;
  /** Whether it has to be done alone, and guarded. */
  isGuarded = false;

  constructor(increments: readonly Increment[], idempotency: Idempotency | undefined) {
    super();
    this.increments = increments;
    this.counters = countersOf(increments);
    this.idempotency = idempotency;
  }

  /** Resolves with the values after its increments, which were counted under a slot. */
  answer(slot: string, values: readonly number[]): void {
    this.resolve({ nodeId: slot, values });
  }
}

export class GuardedTask extends Settleable<void> {
  readonly write: GuardedWrite;

  constructor(write: GuardedWrite) {
    super();
    this.write = write;
  }
}

export const hasIdempotencyKey = (task: Task): boolean =>
  task instanceof IncrementTask && task.idempotency !== undefined;

export const unavailable = (message: string): ApiError => new ApiError('unavailable', message);

export const unknownOutcome = (): ApiError =>
  new ApiError(
    'unknown_outcome',
    'etcd did not answer in time: this may count or not; with an Idempotency-Key, a retry settles it',
  );

/** How long a request waits before it is answered with an error. */
export const PATIENCE_MS = 10_000;

/** Rejects a task that has failed. Throws an error that is nobody's expectation. */
export function rejectWith(task: Task, error: unknown): void {
  if (error instanceof ApiError) task.reject(error);
  else if (error instanceof EtcdError && (task.isSent || isIndefinite(error))) task.expire();
  else if (error instanceof EtcdError || error instanceof DecodeError) task.reject(apiErrorOf(error));
  else {
    task.reject(new ApiError('internal', 'the server has made a mistake'));
    throw error;
  }
}

export const NO_SPACE =
  'etcd has no space left (alarm NOSPACE): compact it, defragment its members, and disarm the alarm';

/** What an error of etcd means for a request that has not been done. */
export function apiErrorOf(error: EtcdError | DecodeError): ApiError {
  if (error instanceof DecodeError)
    return unavailable(`etcd has something else in this place: ${error.message}`);
  if (error.code === 'no_space') return new ApiError('no_space', NO_SPACE);
  return unavailable(isIndefinite(error) ? 'etcd did not answer in time' : `etcd refuses: ${error.message}`);
}
