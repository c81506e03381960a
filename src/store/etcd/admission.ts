/**
 * Which requests are refused. A refusal says that a request does not count, so none is refused that has been counted: a
 * retry gets its answer, whatever limits there are by now.
 */
import type { ApiError } from '../api-error.ts';
import { tooManyIdempotencyKeys } from '../store-errors.ts';
import type { Endpoints } from './endpoints.ts';
import { EtcdError } from './etcd.ts';
import type { Keyspace } from './keys.ts';
import type { RecordLeases } from './record-leases.ts';
import type { Settling } from './settling.ts';
import { IncrementTask, type Task, apiErrorOf, rejectWith } from './task.ts';

export interface AdmissionOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  readonly recordLeases: RecordLeases;
  readonly settling: Settling;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Lets through the tasks whose idempotency records can be put. Rejects with an EtcdError when `untilMs` has come. */
  async withRoom(tasks: readonly IncrementTask[], untilMs: number): Promise<IncrementTask[]> {
    let { room } = this.#options.recordLeases;
    const admitted: IncrementTask[] = [];
    for (const task of tasks) {
      if (task.idempotency === undefined || room-- > 0) admitted.push(task);
      else await this.refuse(task, tooManyIdempotencyKeys(), untilMs);
    }
    return admitted;
  }

  /** Rejects a task, unless there is a record for its idempotency key: then it is answered. Rejects as `withRoom` does. */
  async refuse(task: IncrementTask, error: ApiError, untilMs: number): Promise<void> {
    const { endpoints, keys, settling } = this.#options;
    const id = task.idempotency?.id;
    const ranges = id === undefined ? [] : [{ range: keys.idempotencyRecord(id) }];
    const { results } = ranges.length === 0 ? { results: [] } : await endpoints.ranges(ranges, untilMs);
    const record = results[0]?.found[0];
    if (record === undefined) task.reject(error);
    else settling.settle(task, record);
  }

  /**
   * Rejects tasks whose commit has failed. If etcd has no space left, retries are answered all the same. Rejects with an
   * error that nobody expects.
   */
  async fail(tasks: readonly Task[], error: unknown, untilMs: number): Promise<void> {
    const isFull = error instanceof EtcdError && error.code === 'no_space';
    const failed = tasks.map(async (task) => {
      if (!isFull || task.isSent || !(task instanceof IncrementTask)) return rejectWith(task, error);
      await this.refuse(task, apiErrorOf(error), untilMs).catch((why: unknown) => rejectWith(task, why));
    });
    await Promise.all(failed);
  }
}
