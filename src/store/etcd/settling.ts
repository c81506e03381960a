/**
 * Answers the tasks of commits that have been done, outside the sequence of commits where that takes requests of its own:
 * idempotency records whose forecasts were wrong are corrected before anybody is answered, and retries get what their
 * record says.
 */
import type { Clock } from '../../runtime/clock.ts';
import { valuesToKeep } from '../idempotency.ts';
import type { Endpoints } from './endpoints.ts';
import type { KeyValue } from './etcd.ts';
import type { PlannedTask } from './groups.ts';
import { correction, corrected, latestValues, putCorrection, settledAnswer } from './idempotency-record.ts';
import type { Keyspace } from './keys.ts';
import type { RecordLeases } from './record-leases.ts';
import { type IncrementTask, PATIENCE_MS, type Task, rejectWith } from './task.ts';

export interface SettlingOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  readonly clock: Clock;
  readonly recordLeases: RecordLeases;
  /** Called with each task that this has answered. */
  readonly onSettled: (task: Task) => void;
}

export class Settling {
  readonly #options: SettlingOptions;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /**
   * Answers the tasks of a commit that was done at a revision. `more` is what others had counted of each counter, more
   * than was forecast.
   */
  answer(
    tasks: readonly PlannedTask[],
    slot: string,
    more: ReadonlyMap<string, number>,
    revision: number,
  ): void {
    const wrong: PlannedTask[] = [];
    for (const { task, values } of tasks) {
      const exact = more.size === 0 ? values : corrected(task.increments, values, more);
      if (task.idempotency !== undefined && task.counters.some((counter) => more.has(counter))) {
        wrong.push({ task, values: exact });
      } else task.answer(slot, exact);
    }
    if (wrong.length > 0)
      this.#during(
        wrong.map(({ task }) => task),
        () => this.#correct(wrong, slot, revision),
      );
  }

  /** Answers a task whose idempotency record was there. */
  settle(task: IncrementTask, record: KeyValue): void {
    const { endpoints, keys, clock } = this.#options;
    const { idempotency, increments } = task;
    if (idempotency === undefined) return;
    this.#during([task], async () => {
      const untilMs = clock.nowMs() + PATIENCE_MS;
      task.resolve(await settledAnswer({ endpoints, keys }, record, idempotency, increments, untilMs));
    });
  }

  async #correct(tasks: readonly PlannedTask[], slot: string, modRevision: number): Promise<void> {
    const { endpoints, keys, clock, recordLeases } = this.#options;
    const untilMs = clock.nowMs() + PATIENCE_MS;
    const lease = await recordLeases.present(untilMs);
    const corrections = tasks.map(({ task, values }) => {
      const { id = '', fingerprint = '' } = task.idempotency ?? {};
      const record = { key: keys.idempotencyRecord(id), modRevision, lease };
      return correction(record, {
        fingerprint,
        slot,
        others: [],
        values: valuesToKeep(task.increments, values),
      });
    });
    const result = await putCorrection({ endpoints, keys }, corrections, untilMs);
    for (const [index, { task, values }] of tasks.entries()) {
      task.answer(slot, latestValues(result?.results[index]?.txn, task.increments, values));
    }
  }

  #during(tasks: readonly IncrementTask[], work: () => Promise<void>): void {
    const { onSettled } = this.#options;
    for (const task of tasks) task.isSettling = true;
    const settled = (): void => tasks.forEach(onSettled);
    work().then(settled, (error: unknown) => {
      for (const task of tasks) rejectWith(task, error);
      settled();
    });
  }
}
